// An edge that can't reach its own store when it starts: alive, not ready, and up when it can.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { afterEach, expect, test } from "vitest";
import { freePort } from "./cluster/free-port.ts";
import { programFolder } from "./repository-root.ts";

/** An edge that keeps something, whose first try ends after 5 s. */
const EDGE = "feed";
let child: ChildProcess | null = null;
let redis: RedisServer | null = null;

afterEach(async () => {
  child?.kill("SIGKILL");
  await redis?.stop();
});

test.skipIf(findRedisBinary() === null)(
  "an edge whose Redis is away waits, says so, and starts when it is there",
  async () => {
    const first = await startRedisServer({});
    const port = Number(new URL(first.url).port);
    await first.stop();
    const admin = await freePort();
    const said = startEdge(admin, first.url);
    const away = await eventOf(said, "store_away");
    expect(away.reason).toContain("Redis can't be reached");
    expect((await fetch(`http://127.0.0.1:${admin}/livez`)).status).toBe(200);
    const notReady = await fetch(`http://127.0.0.1:${admin}/readyz`);
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toEqual({ ready: false, reason: "store" });
    redis = await startRedisServer({ port });
    await eventOf(said, "started");
    await endsAtOnce();
  },
);

test("an edge that waits for its Redis stops at once when it is asked to", async () => {
  await eventOf(startEdge(await freePort(), "redis://127.0.0.1:1"), "store_away");
  await endsAtOnce();
});

async function endsAtOnce(): Promise<void> {
  const closed = once(child ?? expect.fail(), "close");
  child?.kill("SIGTERM");
  expect((await closed)[0]).toBe(0);
}

function startEdge(admin: number, redisUrl: string) {
  const { PATH = "" } = process.env;
  const settings = { PORT: "0", AMS_URL: "http://127.0.0.1:1", AMS_ADMIN_PORT: String(admin) };
  child = spawn(process.execPath, [join(programFolder(EDGE), "dist/main.js")], {
    env: { PATH, ...settings, AMS_FEED_REDIS_URL: redisUrl },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return createInterface(child.stderr ?? expect.fail())[Symbol.asyncIterator]();
}

/** The next line of the log with this event. */
async function eventOf(lines: AsyncIterator<string>, event: string) {
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) return expect.fail(`it never said ${event}`);
    const logged = JSON.parse(value);
    if (logged.event === event) return logged;
  }
}
