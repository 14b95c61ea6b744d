/**
 * Mail: signed messages over Redis, from a request to the recipient's socket, beside the wire's own
 * emit → deliver and a bare HTTP server that verifies and runs one script.
 */
import { generateKeyPairSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AmpClient, publicKeyOf, registerAgent } from "@ams/amp";
import { createAccount } from "@ams/client";
import { Redis } from "ioredis";
import WebSocket from "ws";
import type { Case } from "../case.ts";
import { spokenBy } from "../ear.ts";
import type { GroundCluster, GroundMember } from "../ground.ts";
import { openPlainWire } from "../plain-wire.ts";
import { cpuSeconds, ownMemoryBytes } from "../proc.ts";
import { quantile } from "../quantile.ts";
import { type Row, row } from "../row.ts";
import type { Stage } from "../stage.ts";

/** Messages per second of the latency rows: about a tenth of what saturates one process. */
const PACED_PER_SECOND = 25;
/** Requests under way at a time when it is saturated. */
const UNDER_WAY = 16;
const PAYLOAD_BYTES = 1_024;
/** Messages that wait for the agent whose pages are read. */
const FEW = 100;
const MANY = 100_000;
const SOCKETS = 100;

const OFF = Object.fromEntries(
  [
    "REGISTRATIONS_PER_MINUTE",
    "ROUTES_PER_MINUTE",
    "ROUTES_PER_HOUR",
    "RECEIVED_PER_MINUTE",
    "PENDING_PER_MINUTE",
    "REQUESTS_PER_MINUTE",
  ].map((name) => [`AMS_AMP_${name}`, "0"]),
);

export const MAIL: Case = {
  name: "mail",
  about:
    "signed messages of 1 KiB between agents, two processes over Redis; controls: the wire, bare HTTP",
  run: async (stage) => {
    const env = { ...OFF, AMS_AMP_QUEUE_MAX: "1000000", AMS_AMP_REGISTRATION: "open" };
    const cluster = await stage.ground.startCluster({ gateways: 1, edges: { amp: 2 }, env });
    try {
      return { rows: await measure(stage, cluster), faults: [] };
    } finally {
      await cluster.stop();
    }
  },
};

async function measure(stage: Stage, cluster: GroundCluster): Promise<readonly Row[]> {
  const [one, two] = cluster.edges.amp ?? [];
  if (one === undefined || two === undefined) throw new Error("A process is missing.");
  const redis = new Redis(`${cluster.redisUrl.replace(/\/\d*$/, "")}/1`);
  try {
    const sender = await newAgent(one, "sender");
    return [
      ...(await latencyRows(stage, cluster, sender, [one, two])),
      ...(await saturatedRows(stage, cluster, sender, one, redis)),
      ...(await pageRows(stage, sender, one, redis)),
      ...(await idleRows(stage, one)),
    ];
  } finally {
    redis.disconnect();
  }
}

async function newAgent({ url }: GroundMember, name: string): Promise<AmpClient> {
  const { privateKey: key } = generateKeyPairSync("ed25519");
  const endpoint = `${url}/v1`;
  const { address, api_key } = await registerAgent(endpoint, key, { name, tenant: "bench" });
  return new AmpClient({ address: String(address), apiKey: String(api_key), key, endpoint });
}

/** A socket of the agent at a process; `got` has each message's text. */
async function listen(client: AmpClient, { url }: GroundMember, got: (text: string) => void) {
  const headers = { authorization: `Bearer ${client.identity.apiKey}` };
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/ws`, { headers });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.on("message", (data) => {
      const { type, data: message } = JSON.parse(String(data));
      if (type === "connected") resolve();
      if (type === "message.new") got(message.payload.message);
    });
  });
  return socket;
}

/** Milliseconds of the text's clock until now; the text begins with it. */
function since(text: string): number {
  return performance.now() - Number(text.split(":")[2]?.trim().split(" ")[0]);
}

async function latencyRows(
  stage: Stage,
  cluster: GroundCluster,
  sender: AmpClient,
  [one, two]: readonly [GroundMember, GroundMember],
): Promise<readonly Row[]> {
  const account = await createAccount(cluster.url);
  const { magicLink } = await account.mint();
  const latencies = { wire: [] as number[], same: [] as number[], across: [] as number[] };
  let isMeasured = false;
  const note = (kind: keyof typeof latencies) => (text: string) => {
    if (isMeasured) latencies[kind].push(since(text));
  };
  const writer = await openPlainWire(magicLink, "writer");
  const reader = await openPlainWire(magicLink, "reader", note("wire"));
  const same = await newAgent(one, "same");
  const across = await newAgent(one, "across");
  const sockets = [
    await listen(same, one, note("same")),
    await listen(across, two, note("across")),
  ];
  const pad = " ".repeat(PAYLOAD_BYTES);
  const seconds = stage.scale.isSmoke ? 0.5 : 6;
  const count = Math.ceil(PACED_PER_SECOND * (seconds + 1));
  const sending: Promise<unknown>[] = [];
  for (let number = 0; number < count; number += 1) {
    if (number > PACED_PER_SECOND) isMeasured = true;
    writer.emit(spokenBy(0, number));
    const to = number % 2 === 0 ? same : across;
    const message = `${spokenBy(0, number)} ${pad}`;
    sending.push(sender.send({ to: to.identity.address, subject: "bench", message }));
    await sleep(1_000 / PACED_PER_SECOND);
  }
  await Promise.all(sending);
  await sleep(200);
  for (const socket of sockets) socket.close();
  writer.close();
  reader.close();
  const of = (kind: keyof typeof latencies, q: number) => quantile(latencies[kind], q);
  const rows = (what: string, kind: "same" | "across", atMost: number) => [
    row({ what: `${what}: p50 ms`, control: of("wire", 0.5), ours: of(kind, 0.5) }),
    row({
      what: `${what}: p99 ms`,
      control: of("wire", 0.99),
      ours: of(kind, 0.99),
      atMost,
      note: `of ${latencies[kind].length}; the sender's signing and HTTP are in it; control: the wire`,
    }),
  ];
  return [
    ...rows("route → message.new, one process", "same", 5),
    ...rows("route → message.new, two processes", "across", 8),
  ];
}

async function saturatedRows(
  stage: Stage,
  cluster: GroundCluster,
  sender: AmpClient,
  one: GroundMember,
  redis: Redis,
): Promise<readonly Row[]> {
  const reader = await newAgent(one, "reader");
  const socket = await listen(reader, one, () => undefined);
  const message = "x".repeat(PAYLOAD_BYTES);
  const outgoing = { to: reader.identity.address, subject: "bench", message };
  const bodies = await Promise.all(Array.from({ length: 64 }, () => sender.prepare(outgoing)));
  const ms = stage.scale.isSmoke ? 300 : 4_000;
  const url = `${one.url}/v1/route`;
  const key = sender.identity.apiKey;
  const plain = bodies.map((body) => body.replace(/,"idempotency_key":"\w+"/, ""));
  await saturate(url, key, plain, ms / 4);
  const idleFrom = await commandsOf(redis);
  await sleep(1_000);
  const before = await commandsOf(redis);
  // Both processes look for due jobs all the time.
  const idlePerMs = (before - idleFrom) / 1_000;
  const ours = await saturate(url, key, plain, ms, one.pid);
  const after = await commandsOf(redis);
  const args = [
    `${cluster.redisUrl.replace(/\/\d*$/, "")}/2`,
    publicKeyOf(sender.identity.key)?.pem ?? "",
  ];
  const bare = await stage.server("mail-bare", args);
  const control = await saturate(`http://127.0.0.1:${bare.port}/`, key, plain, ms, bare.pid);
  socket.close();
  return [
    row({
      what: "signed routes per CPU second of the process",
      ours: ours.perCpuSecond,
      atLeast: 2_000,
      note: `${Math.round(ours.perSecond)} per second`,
    }),
    row({
      what: "the same beside bare HTTP, verify and one script",
      ours: ours.perCpuSecond,
      control: control.perCpuSecond,
      atLeast: 0.5,
    }),
    row({
      what: "store scripts per local route, no idempotency key",
      ours: (after - before - idlePerMs * ms) / Math.max(1, ours.count),
      atMost: 3,
      note: "those of idle processes taken off",
    }),
  ];
}

async function saturate(
  url: string,
  key: string,
  bodies: readonly string[],
  ms: number,
  pid?: number,
) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const cpu = () => (pid === undefined ? null : cpuSeconds(pid));
  const [began, cpuBefore] = [performance.now(), cpu()];
  let count = 0;
  const work = async () => {
    while (performance.now() - began < ms) {
      const body = bodies[count % bodies.length] ?? "";
      const response = await fetch(url, { method: "POST", headers, body });
      await response.arrayBuffer();
      if (response.status !== 200) throw new Error(`A route was answered ${response.status}.`);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, work));
  const used = cpu();
  const cpu_s = used === null || cpuBefore === null ? null : used - cpuBefore;
  const perSecond = count / ((performance.now() - began) / 1_000);
  return { count, perSecond, perCpuSecond: cpu_s === null || cpu_s === 0 ? null : count / cpu_s };
}

/** Scripts that clients called. */
async function commandsOf(redis: Redis): Promise<number> {
  const stats = await redis.info("commandstats");
  return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
}

async function pageRows(
  stage: Stage,
  sender: AmpClient,
  one: GroundMember,
  redis: Redis,
): Promise<readonly Row[]> {
  const measured: number[] = [];
  const sizes = stage.scale.isSmoke ? [FEW, FEW] : [FEW, MANY];
  for (const [index, size] of sizes.entries()) {
    const agent = await newAgent(one, `pages-${index}`);
    await sender.send({ to: agent.identity.address, subject: "bench", message: "x" });
    await fillQueue(redis, agent, size);
    const calls = stage.scale.isSmoke ? 20 : 1_000;
    for (let call = 0; call < 50; call += 1) await agent.inbox(10);
    const before = cpuSeconds(one.pid) ?? 0;
    for (let call = 0; call < calls; call += 1) await agent.inbox(10);
    measured.push((((cpuSeconds(one.pid) ?? 0) - before) / calls) * 1e6);
  }
  const [few = 0, many = 0] = measured;
  return [
    row({
      what: `pending?limit=10 with ${sizes[1]} queued, CPU µs; control: ${FEW} queued`,
      control: few,
      ours: many,
      atMost: 1.2,
    }),
  ];
}

/** Copies the one message that waits until so many do. */
async function fillQueue(redis: Redis, agent: AmpClient, size: number): Promise<void> {
  const { agent_id } = await agent.call("GET", "/agents/me");
  const [queue = ""] = await redis.keys(`amp:*queue:${String(agent_id)}`);
  const base = queue.slice(0, queue.indexOf("queue:"));
  const [id = ""] = await redis.zrange(queue, 0, 0);
  const hash = await redis.hgetall(`${base}msg:${String(agent_id)}:${id}`);
  const chunk = 2_000;
  for (let from = 2; from <= size; from += chunk) {
    const pipeline = redis.pipeline();
    for (let n = from; n < Math.min(from + chunk, size + 1); n += 1) {
      const copy = `msg_1_${n}`;
      pipeline.hset(`${base}msg:${String(agent_id)}:${copy}`, { ...hash, n });
      pipeline.zadd(queue, n, copy);
      pipeline.zadd(`${base}expiry:${String(agent_id)}`, String(hash.x), copy);
    }
    await pipeline.exec();
  }
}

async function idleRows(stage: Stage, one: GroundMember): Promise<readonly Row[]> {
  const count = stage.scale.isSmoke ? 5 : SOCKETS;
  const agents = [];
  for (let index = 0; index < count; index += 1) agents.push(await newAgent(one, `idle-${index}`));
  await sleep(1_000);
  const before = ownMemoryBytes(one.pid);
  const sockets = await Promise.all(agents.map((agent) => listen(agent, one, () => undefined)));
  await sleep(stage.scale.isSmoke ? 200 : 5_000);
  const after = ownMemoryBytes(one.pid);
  for (const socket of sockets) socket.close();
  const kib = before === null || after === null ? null : (after - before) / 1_024 / count;
  return [
    row({
      what: "idle socket with its inbox socket: KiB of the process",
      ours: kib,
      atMost: 64,
      note: `${count} agents; the heap isn't collected before`,
    }),
  ];
}
