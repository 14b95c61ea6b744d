// How the MCP edge holds under load: many sessions with push on one process, latencies beside the raw wire, memory over time.
//
//   node test/mcp/load.mjs [--sessions 500] [--rate 10] [--seconds 60] [--conversations 50] [--pollers 5] [--warm 10]
//
// Each conversation has an emitter on the wire (--rate tokens per second), a reader on the wire, and its share of the sessions,
// each with a push stream; some have a reader by ams_recv. One process serves all of it; another, this one, is everybody else.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createAccount, join } from "@ams/client";

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "500" },
    rate: { type: "string", default: "10" },
    seconds: { type: "string", default: "60" },
    conversations: { type: "string", default: "50" },
    pollers: { type: "string", default: "5" },
    warm: { type: "string", default: "10" },
  },
});
const sessions = Number(values.sessions);
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const conversations = Number(values.conversations);

const pollersCount = Math.min(conversations, Number(values.pollers));
/**
 * Milliseconds before the first figures count: what is compiled at the start, and the seats' buffers, which fill up to 1,000
 * events and stay there, are no leak.
 */
const WARM_MS = Number(values.warm) * 1_000;
const SAMPLE_MS = 5_000;

const pollers = new Agent({ keepAlive: true });
const now = () => performance.timeOrigin + performance.now();
const latencies = { wire: [], push: [], recv: [] };
const counts = { emitted: 0, wire: 0, push: 0, recv: 0, truncated: 0 };
let counting = false;
let stopping = false;

const folder = mkdtempSync(joinPath(tmpdir(), "ams-mcp-load-"));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const server = spawn(
  process.execPath,
  [
    ...(process.env.LOAD_NODE_ARGS ?? "").split(" ").filter(Boolean),
    fileURLToPath(new URL("../../services/standalone/dist/main.js", import.meta.url)),
  ],
  {
    stdio: "ignore",
    env: {
      ...process.env,
      HOST: "127.0.0.1",
      PORT: String(port),
      AMS_DATA: folder,
      AMS_ACCOUNTS_PER_MINUTE: "0",
      AMS_MINTS_PER_MINUTE: "0",
      AMS_MCP_SESSIONS_PER_ADDRESS: String(2 * sessions + 100),
    },
  },
);

try {
  await untilUp();
  const crew = await gather();
  const memory = [];
  const cpuBefore = cpuSeconds();
  const began = now();
  const emitters = crew.map(({ emitter }, at) => emit(emitter, at));
  await sleep(WARM_MS);
  counting = true;
  while (now() - began < WARM_MS + seconds * 1_000) {
    memory.push(residentMiB());
    await sleep(SAMPLE_MS);
  }
  counting = false;
  stopping = true;
  await Promise.all(emitters);
  const cpu = (cpuSeconds() - cpuBefore) / ((now() - began) / 1_000);
  report(memory, cpu);
} finally {
  server.kill();
  await Promise.race([new Promise((resolve) => server.once("exit", resolve)), sleep(5_000)]);
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}

async function untilUp() {
  for (;;) {
    const up = await fetch(`${url}/healthz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) return;
    await sleep(50);
  }
}

async function gather() {
  const crew = [];
  for (let at = 0; at < conversations; at += 1) {
    const account = await createAccount(url, { namespace: `load-${at}` });
    const { magicLink } = await account.mint();
    const emitter = await join(magicLink, {
      credential: account.credential,
      streamName: "emitter",
    });
    const reader = await join(magicLink, { guest: true, streamName: "wire" });
    reader.on("token", ({ data }) => note("wire", data));
    crew.push({ emitter, magicLink });
    if (at < pollersCount) void poll(magicLink);
  }
  const share = Array.from({ length: sessions }, (_, at) => crew[at % conversations].magicLink);
  for (let at = 0; at < share.length; at += 20) {
    await Promise.all(share.slice(at, at + 20).map(listen));
  }
  return crew;
}

/** Tokens that say when they were sent, evenly spread over each second and over the conversations. */
async function emit(connection, at) {
  const gap = 1_000 / rate;
  let next = performance.now() + (gap * at) / conversations;
  while (!stopping) {
    await sleep(Math.max(0, next - performance.now()));
    next += gap;
    if (counting) counts.emitted += 1;
    await connection.send(String(now()));
  }
}

function note(path, data) {
  if (!counting) return;
  counts[path] += 1;
  latencies[path].push(now() - Number(data));
}

async function openSession(link) {
  const params = {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "load", version: "1" },
  };
  const { headers } = await post(link, { jsonrpc: "2.0", id: 1, method: "initialize", params });
  return headers["mcp-session-id"];
}

function callTool(link, session, id, name, given) {
  const params = { name, arguments: given };
  return post(link, { jsonrpc: "2.0", id, method: "tools/call", params }, session);
}

/** A session with a push stream. */
async function listen(link) {
  const session = await openSession(link);
  await callTool(link, session, 2, "ams_join", {});
  const headers = { accept: "text/event-stream", "mcp-session-id": session };
  await new Promise((resolve, reject) => {
    const asked = request(link, { headers, agent: new Agent() }, (response) => {
      resolve();
      let rest = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        const blocks = (rest + chunk).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const data = /"data":"([\d.]+)"/.exec(block)?.[1];
          if (data !== undefined) note("push", data);
          else if (block.includes("ams/truncated")) counts.truncated += 1;
        }
      });
      response.on("close", () => stopping || process.stderr.write("a push stream has ended\n"));
    });
    asked.on("error", reject).end();
  });
}

/** A session that asks again and again. */
async function poll(link) {
  const session = await openSession(link);
  await callTool(link, session, 2, "ams_join", {});
  for (let id = 3; !stopping; id += 1) {
    const { text } = await callTool(link, session, id, "ams_recv", { wait_ms: 20_000 });
    const line = text.split("\n").find((one) => one.startsWith("data: {"));
    if (line === undefined) return; // The process has ended.
    const events = JSON.parse(line.slice(6)).result?.structuredContent?.events ?? [];
    for (const { kind, data } of events) if (kind === "token") note("recv", data);
  }
}

function post(link, body, session) {
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    ...(session === undefined ? {} : { "mcp-session-id": session }),
  };
  return new Promise((resolve, reject) => {
    request(link, { method: "POST", headers, agent: pollers }, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (chunk) => {
          text += chunk;
        })
        .on("end", () => resolve({ headers: response.headers, text }))
        .on("error", reject);
    })
      .on("error", reject)
      .end(JSON.stringify(body));
  });
}

function residentMiB() {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1_024);
}

function cpuSeconds() {
  const fields = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function report(memory, cpu) {
  const line = (path) => {
    const sorted = latencies[path].sort((one, other) => one - other);
    const at = (share) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2);
    return `emit → ${path}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${sorted.length})`;
  };
  const third = Math.ceil(memory.length / 3);
  const mean = (some) => Math.round(some.reduce((sum, one) => sum + one, 0) / some.length);
  const lines = [
    `${sessions} sessions with push and ${pollersCount} that poll, in ${conversations} conversations of ${rate} tokens/s, for ${seconds} s`,
    ...["wire", "push", "recv"].map(line),
    `emitted ${counts.emitted}; pushed ${counts.push} of ${Math.round((counts.emitted * sessions) / conversations)}; polled ${counts.recv}; truncated ${counts.truncated}`,
    `the process: ${(cpu * 100).toFixed(0)} % of a core; resident ${mean(memory.slice(0, third))} MiB in the first third, ${mean(memory.slice(-third))} MiB in the last, ${Math.max(...memory)} MiB at most`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = probe.address();
      probe.close(() => resolve(free));
    });
  });
}
