// `ams workflow` with the real binary against a standalone.
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { type Fields, Home } from "./ams.ts";

const ORDER = {
  name: "order_processing",
  v: 1,
  steps: {
    reserve: { effect: "none" },
    charge: { after: ["reserve"], effect: "compensatable", compensate: "refund" },
    ship: { after: ["charge"], effect: "irreversible" },
  },
};

let ams: Standalone;
let home: Home;
let link: string;
beforeAll(async () => {
  ams = await startStandalone();
  home = new Home({ AMS_URL: ams.url });
  await home.run(["account", "create", "falcon"]);
  link = (await home.run(["mint"])).stdout.trim();
  writeFileSync(join(home.folder, "order.json"), JSON.stringify(ORDER));
});
afterAll(async () => {
  home.remove();
  await ams.stop();
});

const run = (...words: string[]) => home.run(["workflow", ...words], { env: { AMS_LINK: link } });
const one = (...words: string[]): Promise<Fields> =>
  home.one(["workflow", ...words], { env: { AMS_LINK: link } });

test("W13.2 an order by the command line: steps, a remark, a refusal, graph, rollback, proof, stop", async () => {
  expect((await run("open")).stdout).toMatch(/^conv_/);
  expect(statSync(join(home.config, "workflow/agent.key")).mode & 0o777).toBe(0o600);
  expect((await run("define", "order.json")).stdout).toBe("order_processing 1\n");
  const sent = await one("send", '{"sku":7}', "--workflow", "order_processing");
  const order = String(sent.run);
  const early = await run("send", "{}", "--run", order, "--step", "ship", "--json");
  expect(early.code).toBe(3);
  expect(JSON.parse(early.stderr)).toMatchObject({
    workflow_error: "step_order",
    missing: ["charge"],
  });
  expect((await run("note", "and in blue, please", "--run", order)).code).toBe(0);
  await one("send", '{"amount":12}', "--run", order);
  expect((await run("state", order)).stdout).toContain("charge: done");
  const { nodes }: Fields = await one("dag", order);
  const start = Array.isArray(nodes) ? String(Object(nodes[0]).msg) : "";
  expect((await run("dag", order, "--dot")).stdout).toMatch(/^digraph "run_/);
  const history = (await run("history", order)).stdout.trim().split("\n");
  expect(history.map((line) => line.split("  ")[2])).toEqual([
    "start start",
    "step reserve done",
    "note note",
    "step charge done",
  ]);
  expect(await one("verify")).toMatchObject({ size: 5, signatures: 5, unresolved: 0 });
  const back = await one("rollback", order, start, "--reason", "changed their mind");
  expect(back).toMatchObject({ status: "rolling_back" });
  expect((await run("stop", "--run", order)).stdout).toBe("Stopped.\n");
  expect((await run("send", "{}", "--run", order, "--step", "reserve")).code).toBe(3);
});

test("W7.1 who has only the link stops all, and does nothing else", async () => {
  const guest = new Home({ AMS_URL: ams.url });
  try {
    const env = { AMS_LINK: link };
    expect((await guest.run(["workflow", "start", "order_processing"], { env })).code).toBe(3);
    expect(await guest.one(["workflow", "stop"], { env })).toMatchObject({
      accepted: true,
      noop: false,
      halt: "stop",
    });
    const wrong = link.replace(/t=.{4}/, "t=AAAA");
    expect((await guest.run(["workflow", "stop", wrong])).code).toBe(4);
  } finally {
    guest.remove();
  }
  expect((await run("start", "order_processing")).code).toBe(3);
});

test.each([
  [["send"], 2],
  [["send", "{}", "{}"], 4],
  [["send", "{}", "--step", "reserve"], 2],
  [["define", "missing.json"], 8],
  [["state", "run_x"], 3],
  [["open", "http://127.0.0.1:1/a/conversations/b?t=short"], 4],
  [["verify", "--key", "/nowhere/agent.key"], 8],
] as const)("ams workflow %j ends with %i and one sentence", async (words, status) => {
  const { code, stdout, stderr } = await run(...words, "--json");
  expect([code, stdout]).toEqual([status, ""]);
  expect(typeof JSON.parse(stderr).message).toBe("string");
});

test("W13 ams workflow mcp offers three tools, and a refusal is an error of the tool", async () => {
  const mcp = home.start(["workflow", "mcp"], { env: { AMS_LINK: link } });
  const say = (message: object) => mcp.type(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const clientInfo = { name: "test", version: "1" };
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
  say({ id: 1, method: "initialize", params });
  await mcp.shows('"serverInfo"');
  say({ method: "notifications/initialized" });
  say({ id: 2, method: "tools/list" });
  for (const name of ["workflow_send", "workflow_state", "workflow_stop"]) await mcp.shows(name);
  const call = (id: number, name: string, args: object) =>
    say({ id, method: "tools/call", params: { name, arguments: args } });
  call(3, "workflow_state", {});
  await mcp.shows('"run":"run_chat"');
  call(4, "workflow_send", { message: {}, workflow: "order_processing", step: "reserve" });
  await mcp.shows('"isError":true');
  call(5, "workflow_stop", {});
  await mcp.shows('\\"noop\\":true');
  mcp.end();
});
