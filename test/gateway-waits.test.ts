// A gateway that can't reach Redis when it starts: alive, not ready, and ready when it can.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { afterEach, expect, test } from "vitest";
import { freePort } from "./cluster/free-port.ts";
import { until } from "./conformance/driver.ts";
import { programFolder } from "./repository-root.ts";

const PEPPER = "p".repeat(32);
let child: ChildProcess | null = null;
let redis: RedisServer | null = null;

afterEach(async () => {
  child?.kill("SIGKILL");
  await redis?.stop();
});

test.skipIf(findRedisBinary() === null)(
  "a gateway waits for Redis, says so once with its reason, and turns ready when it is there",
  async () => {
    const first = await startRedisServer({});
    const port = Number(new URL(first.url).port);
    await first.stop();
    const admin = await freePort();
    const said = startGateway(first.url, admin);
    const away = await eventOf(said, "redis_away");
    expect(away.reason).toContain("ECONNREFUSED");
    expect((await fetch(`http://127.0.0.1:${admin}/livez`)).status).toBe(200);
    const notReady = await fetch(`http://127.0.0.1:${admin}/readyz`);
    expect([notReady.status, await notReady.text()]).toEqual([
      503,
      expect.stringContaining("directory"),
    ]);
    redis = await startRedisServer({ port });
    await until(
      () => fetch(`http://127.0.0.1:${admin}/readyz`).then(({ status }) => status),
      (status) => status === 200,
    );
    child?.kill("SIGTERM");
    expect((await once(child ?? expect.fail(), "close"))[0]).toBe(0);
  },
);

test("a gateway that waits for Redis stops at once when it is asked to", async () => {
  const said = startGateway("redis://127.0.0.1:1", await freePort());
  await eventOf(said, "redis_away");
  child?.kill("SIGTERM");
  expect((await once(child ?? expect.fail(), "close"))[0]).toBe(0);
});

function startGateway(redisUrl: string, admin: number) {
  const { PATH = "" } = process.env;
  child = spawn(process.execPath, [join(programFolder("gateway"), "dist/main.js")], {
    env: {
      PATH,
      PORT: "0",
      AMS_ADMIN_PORT: String(admin),
      AMS_REDIS_URL: redisUrl,
      AMS_CREDENTIAL_PEPPERS: PEPPER,
      AMS_LINK_PEPPERS: PEPPER,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return createInterface(child.stderr ?? expect.fail());
}

async function eventOf(lines: AsyncIterable<string>, event: string) {
  for await (const line of lines) {
    const logged = JSON.parse(line);
    if (logged.event === event) return logged;
  }
  return expect.fail(`it never said ${event}`);
}
