// `ams mcp`: the same tools over stdin and stdout.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import type { Json } from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

const STDIO = join(repositoryRoot(), "edges", "mcp", "dist", "stdio.js");
const PATH = process.env.PATH ?? "";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.stop());

function answerOf(result: unknown): Json {
  return (result as { structuredContent: Json }).structuredContent;
}

test("a guest with a link as the argument joins, sends and receives, and hears by push, the end included", async () => {
  const { link } = await world.conversation({ metadata: { instructions: "Say hello." } });
  const watcher = await Watcher.join(link);
  const capabilities = { experimental: { ams: { push: true } } };
  const client = new OldClient({ name: "desktop", version: "1" }, { capabilities });
  const pushed: Json[] = [];
  let wake: () => void = () => undefined;
  client.fallbackNotificationHandler = async ({ method, params }) => {
    pushed.push({ method, params });
    wake();
  };
  const transport = new OldTransport({
    command: process.execPath,
    args: [STDIO, link],
    env: { PATH },
  });
  await client.connect(transport);
  expect(client.getInstructions()).toContain("Say hello.");
  const joined = answerOf(await client.callTool({ name: "ams_join", arguments: {} }));
  expect(joined.stream_name).toMatch(/^desktop-[a-z0-9]{4}$/);
  await client.callTool({ name: "ams_send", arguments: { data: "from a pipe" } });
  await watcher.until((heard) => heard.includes(`${joined.stream_name}: from a pipe`));
  await watcher.connection.send("to a pipe");
  while (pushed.length === 0) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  expect(pushed[0]).toMatchObject({
    method: "notifications/ams/token",
    params: { data: "to a pipe" },
  });
  const received = answerOf(
    await client.callTool({ name: "ams_recv", arguments: { until: "anything" } }),
  );
  expect(received.messages).toMatchObject([{ from: "watcher", text: "to a pipe" }]);
  const ended = new Promise<void>((resolve) => {
    client.onclose = resolve;
  });
  const waiting = client.callTool({ name: "ams_recv", arguments: { wait_ms: 25_000 } });
  await client.callTool({ name: "ams_peers", arguments: {} });
  process.kill(transport.pid ?? 0, "SIGTERM");
  expect(answerOf(await waiting)).toMatchObject({ error: "unavailable" });
  await ended;
  expect(pushed.at(-1)).toMatchObject({
    method: "notifications/ams/closed",
    params: { code: 4503, reason: "draining" },
  });
  await watcher.until((heard) => heard.includes(`-${joined.stream_name}`));
  await watcher.connection.close();
});

test("an account by its environment creates, in the stateless era; the link may come by AMS_LINK", async () => {
  const { account, link } = await world.conversation();
  const env = { PATH, AMS_URL: world.url, AMS_CREDENTIAL: account.credential, AMS_LINK: link };
  const client = new Client(
    { name: "young", version: "1" },
    { versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [STDIO], env }));
  expect(client.getInstructions()).toContain("magic link of one conversation");
  const minted = answerOf(
    await client.callTool({ name: "ams_create_conversation", arguments: {} }),
  );
  expect(minted.magic_link).toContain(world.url);
  const joined = answerOf(await client.callTool({ name: "ams_join", arguments: {} }));
  expect(joined.ok).toBe(true);
  const watcher = await Watcher.join(link);
  const peer = watcher.connection.peers.get(String(joined.stream_id));
  expect(peer?.ownerAccountId).toBe(account.accountId);
  await watcher.connection.close();
  await client.close();
});

test.each<[string, readonly string[], Record<string, string>, string]>([
  ["nothing", [], {}, "AMS_URL is needed"],
  ["a link that is none", ["http://x/y"], {}, "magic link"],
  ["a credential for nowhere", [], { AMS_CREDENTIAL: `ams_sk_${"A".repeat(43)}` }, "AMS_URL"],
  ["a URL that is none", [], { AMS_URL: "here" }, "AMS_URL must be"],
])("%s is refused at the start with status 78, on stderr alone", async (_, args, env, sentence) => {
  const { code, out, err } = await run(args, env);
  expect([code, out]).toEqual([78, ""]);
  expect(err).toContain(sentence);
});

test("a link or credential that the deployment refuses is reported at the start, and not repeated", async () => {
  const { link } = await world.conversation();
  const wrong = link.replace(/t=.*/, `t=${"B".repeat(43)}`);
  const refused = await run([wrong], {});
  expect([refused.code, refused.out]).toEqual([78, ""]);
  expect(refused.err).not.toContain("BBBB");
  const credential = `ams_sk_${"C".repeat(43)}`;
  const other = await run([], { AMS_URL: world.url, AMS_CREDENTIAL: credential });
  expect(other.code).toBe(78);
  expect(other.err).not.toContain("CCCC");
});

async function run(args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [STDIO, ...args], {
    env: { PATH, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  const [code] = await once(child, "close");
  return { code, out, err };
}

test("a client of 2026-07-28 hears of the conversation that it listens to, plain or by its own stream name", async () => {
  const { link, id } = await world.conversation();
  const client = new Client(
    { name: "young", version: "1" },
    { versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [STDIO, link], env: { PATH } }),
  );
  const uri = `ams://conversations/${id}`;
  for (const stream_name of ["ear", "other"]) {
    await client.callTool({ name: "ams_join", arguments: { stream_name } });
  }
  const received: Json[] = [];
  let wake: () => void = () => undefined;
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => {
    received.push(params);
    wake();
  });
  const uris = [uri, `${uri}?stream_name=ear`, `${uri}/peers?stream_name=ear`];
  for (const one of uris) await client.listen({ resourceSubscriptions: [one] });
  const watcher = await Watcher.join(link);
  await watcher.connection.send("for ear and other");
  const tokensOf = (of: string) =>
    received.filter((one) => one.uri === of && JSON.stringify(one).includes("for ear and other"));
  while (tokensOf(uri).length < 2) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  // What is written to a pipe comes in order.
  await client.callTool({ name: "ams_peers", arguments: { stream_name: "ear" } });
  expect(uris.map((one) => tokensOf(one).length)).toEqual([2, 1, 0]);
  expect(received.filter((one) => one.uri === uris[2])).not.toHaveLength(0); // The watcher came.
  await client.close();
  await watcher.connection.close();
});

test("a client of 2026-07-28 is notified of nothing that it didn't ask for", async () => {
  const { link } = await world.conversation();
  const client = new Client(
    { name: "young", version: "1" },
    { versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  const received: string[] = [];
  client.fallbackNotificationHandler = async ({ method }) => void received.push(method);
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [STDIO, link], env: { PATH } }),
  );
  await client.callTool({ name: "ams_join", arguments: {} });
  const watcher = await Watcher.join(link);
  await watcher.connection.send("quiet");
  const until = { wait_ms: 5_000, format: "events" };
  let events: readonly unknown[] = [];
  while (events.length < 2) {
    const received = answerOf(await client.callTool({ name: "ams_recv", arguments: until }));
    events = [...events, ...(received.events as readonly unknown[])];
  }
  // What is written to a pipe comes in order.
  await client.callTool({ name: "ams_peers", arguments: {} });
  expect(received).toEqual([]);
  await client.close();
  await watcher.connection.close();
});
