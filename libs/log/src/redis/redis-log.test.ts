/** The log on a private redis-server: the contract, and what only Redis shows. */
import { setTimeout as sleep } from "node:timers/promises";
import { connectRedis, whenReady } from "@ams/store";
import { findRedisBinary, startRedisServer } from "@ams/store/testing";
import { describe, expect, test } from "vitest";
import { type LogWorld, logContract } from "../log.contract.ts";
import { START } from "../position.ts";
import { openRedisLog } from "./redis-log.ts";

async function open(): Promise<
  LogWorld & { server: Awaited<ReturnType<typeof startRedisServer>> }
> {
  const server = await startRedisServer();
  const [commands, ears] = await Promise.all([connect(server.url), connect(server.url)]);
  const heard = new Map<string, string[]>();
  ears.on("pmessage", (_pattern: string, channel: string, text: string) => {
    heard.set(channel, [...(heard.get(channel) ?? []), text]);
  });
  await ears.psubscribe("*");
  return {
    server,
    log: openRedisLog({ client: commands, sharded: false }),
    async heard(channel) {
      await commands.publish("end", channel);
      while (!heard.get("end")?.includes(channel)) await sleep(1);
      return heard.get(channel) ?? [];
    },
    pass: (ms) => sleep(ms),
    async close() {
      for (const client of [commands, ears]) client.disconnect();
      await server.kill();
    },
  };
}

async function connect(url: string) {
  const connection = connectRedis(url, "command");
  if (!connection.ok || connection.value.kind !== "single") throw new Error("not one Redis");
  await whenReady(connection.value, 10_000);
  return connection.value.client;
}

describe.runIf(findRedisBinary() !== null)("on a private redis-server", () => {
  logContract("redis", open);

  const TERMS = { ttl_s: 60, max_bytes: 1_048_576 };

  test("§7.3 a batch is published by the step that keeps it", async () => {
    const world = await open();
    const name = { channel: "ams:{p1}:conv:g", terms: TERMS };
    expect(await world.log.append(name, Buffer.from("one"))).toBe(true);
    expect(await world.heard(name.channel)).toEqual(["one"]);
    await world.close();
  });

  test.each([
    ["small", 3],
    ["large", 10_000],
  ])(
    "§7.3 a Redis without memory passes a %s batch on, which counts as not kept",
    async (_, bytes) => {
      const world = await open();
      const name = { channel: "ams:{p1}:conv:g", terms: TERMS };
      const admin = await connect(world.server.url);
      await admin.config("SET", "maxmemory", "1");
      const batch = "x".repeat(bytes);
      expect(await world.log.append(name, Buffer.from(batch))).toBe(false);
      expect(await world.heard(name.channel)).toEqual([batch]);
      expect((await world.log.readAfter(name, START, 9)).entries).toEqual([]);
      admin.disconnect();
      await world.close();
    },
  );

  test("§7.3 small and large batches are in the order of their appends, in log and channel", async () => {
    const world = await open();
    const name = { channel: "ams:{p1}:conv:g", terms: TERMS };
    const all = Array.from({ length: 40 }, (_, index) =>
      `${index} `.padEnd(index % 3 === 0 ? 5_000 : 50, "x"),
    );
    await Promise.all(all.map((text) => world.log.append(name, Buffer.from(text))));
    expect(await world.heard(name.channel)).toEqual(all);
    const { entries } = await world.log.readAfter(name, START, 99);
    expect(entries.map(({ batch }) => batch.toString())).toEqual(all);
    await world.close();
  });

  test("§7.1 a log of which no size is known is counted from its beginning", async () => {
    const world = await open();
    const name = { channel: "ams:{p1}:conv:g", terms: { ttl_s: 60, max_bytes: 6_000_000 } };
    const admin = await connect(world.server.url);
    for (let index = 0; index < 10; index += 1)
      await world.log.append(name, Buffer.alloc(1_000_000, "x"));
    await world.log.mark(name);
    await admin.del(`${name.channel}:log:size`);
    await world.log.mark({ ...name, terms: { ttl_s: 60, max_bytes: 3_000_000 } });
    expect((await world.log.readAfter(name, START, 99)).entries).toHaveLength(3);
    admin.disconnect();
    await world.close();
  });

  test("§7.1.3 the keys of a log that nobody writes end by themselves, or with it", async () => {
    const world = await open();
    const name = { channel: "ams:{p1}:conv:g", terms: { ttl_s: 5, max_bytes: 1_024 } };
    await world.log.append(name, Buffer.from("one"));
    await world.log.mark(name);
    const admin = await connect(world.server.url);
    for (const key of await admin.keys("*")) {
      const ttl = await admin.ttl(key);
      expect(ttl).toBeGreaterThan(5);
      expect(ttl).toBeLessThanOrEqual(65);
    }
    await world.log.drop(name.channel);
    expect(await admin.keys("*")).toEqual([]);
    admin.disconnect();
    await world.close();
  });
});
