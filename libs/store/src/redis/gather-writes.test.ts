/** Commands of one turn, on a socket that counts its system calls. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { findRedisBinary, type RedisServer, startRedisServer } from "../testing/redis-server.ts";
import { connectRedis, whenReady } from "./connect.ts";

const READY_MS = 10_000;

let server: RedisServer;

beforeAll(async () => {
  if (findRedisBinary() !== null) server = await startRedisServer();
});

afterAll(() => server?.stop());

test.skipIf(findRedisBinary() === null)(
  "the commands of a turn leave in one write, in their order, and those of the next in another",
  async () => {
    const opened = connectRedis(server.url, "command");
    if (!opened.ok || opened.value.kind === "cluster") throw new Error("not a single server");
    const { client } = opened.value;
    await whenReady(opened.value, READY_MS);
    const writes = vi.spyOn(client.stream, "_writev");
    const pushed = Array.from({ length: 50 }, (_, n) => client.rpush("list", n));
    await Promise.all(pushed);
    expect(writes).toHaveBeenCalledTimes(1);
    expect(await Promise.all([client.lrange("list", 0, -1), client.llen("list")])).toEqual([
      pushed.map((_, n) => String(n)),
      50,
    ]);
    expect(writes).toHaveBeenCalledTimes(2);
    client.disconnect();
  },
);
