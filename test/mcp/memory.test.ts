// Sessions that are gone are gone from memory too.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createMcp, readMcp } from "@ams/mcp";
import { openLog, openMetrics } from "@ams/process";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { call, initialize } from "./raw.ts";
import { startWorld, type World } from "./world.ts";

const ROUNDS = 3;
const SESSIONS = 200;
/** Bytes that the heap may have grown by when all sessions are deleted. */
const GROWTH_MAX = 5 * 1_048_576;

let world: World;
beforeAll(async () => {
  world = await startWorld({ AMS_SUBSCRIBERS_PER_CONVERSATION: "1000" });
});
afterAll(() => world.stop());

/** 3,200 requests take a quarter of a minute, and several times that on a busy machine. */
vi.setConfig({ testTimeout: 240_000 });

test("3 × 200 sessions that join, speak and are deleted return the heap to within 5 MiB", async () => {
  const { link } = await world.conversation();
  const read = readMcp({ AMS_MCP_SESSIONS_PER_ADDRESS: "10000" });
  if (!read.ok) throw new Error(read.faults.join());
  const log = openLog({ service: "mcp", instance: "test", level: "silent" });
  const reached = { publicUrl: null, trustProxy: false };
  const registry = openMetrics(log);
  const config = { ...read.value, secret: "s".repeat(32) };
  const mcp = createMcp({ config, reached, url: () => world.url, log, registry });
  const post = async (body: unknown, session: string | null, method = "POST") => {
    const headers = {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      ...(session === null ? {} : { "mcp-session-id": session }),
    };
    const asked = { method, headers, ...(method === "POST" ? { body: JSON.stringify(body) } : {}) };
    const response = await mcp.fetch(new Request(link, asked), { address: "127.0.0.1" });
    await response.text();
    return response;
  };
  const one = async () => {
    const session = (await post(initialize(), null)).headers.get("mcp-session-id");
    await post(call("ams_join"), session);
    await post(call("ams_send", { data: "x".repeat(1_000) }), session);
    await post(call("ams_recv", { wait_ms: 0 }), session);
    return session;
  };
  const round = async () => {
    const open: (string | null)[] = [];
    for (let at = 0; at < SESSIONS; at += 20) {
      open.push(...(await Promise.all(Array.from({ length: 20 }, one))));
    }
    for (const session of open) expect((await post(null, session, "DELETE")).status).toBe(204);
  };
  await round(); // What is made once and stays: compiled code, caches, pools.
  const before = await heapBytes();
  for (let rounds = 0; rounds < ROUNDS; rounds += 1) await round();
  const grown = (await heapBytes()) - before;
  expect(grown / 1_048_576).toBeLessThan(GROWTH_MAX / 1_048_576);
  await mcp.stop();
});

/** Bytes in use once all that can go has gone. */
async function heapBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  for (let times = 0; times < 5; times += 1) {
    await new Promise((resolve) => setTimeout(resolve, 300)); // Sockets close meanwhile.
    if (typeof collect === "function") collect();
  }
  return process.memoryUsage().heapUsed;
}
