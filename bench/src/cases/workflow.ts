/**
 * Workflows: signed commits at one process and one store, beside the wire's own emit → deliver.
 * Targets are for durability `memory`, which is Redis; `disk`, a folder with an fsync for each
 * append, is printed beside them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createAccount } from "@ams/client";
import { type Journals, openJournals } from "@ams/journal";
import { Redis } from "ioredis";
import type { Case } from "../case.ts";
import type { GroundMember } from "../ground.ts";
import { openPlainWire, type PlainWire } from "../plain-wire.ts";
import { cpuSeconds, ownMemoryBytes } from "../proc.ts";
import { quantile } from "../quantile.ts";
import { type Row, row } from "../row.ts";
import type { Stage } from "../stage.ts";
import { WorkflowSpace } from "../workflow-load.ts";

const PACED_PER_SECOND = 50;
/** Bytes of a body in the latency rows and when it is saturated. */
const BODY_BYTES = 3_000;
const SMALL_BYTES = 64;
/** Runs that commit at a time when it is saturated. */
const UNDER_WAY = 32;
/** Milliseconds of the commit p99 that are stated for a quiet machine. */
const STATED_MS = 1.2;

const ENV = { AMS_WORKFLOW_WRITES_PER_MINUTE: "0", AMS_WORKFLOW_SPACES_PER_ACCOUNT: "0" };

export const WORKFLOW: Case = {
  name: "workflow",
  about: "signed commits of a workflow, one process and one store; control: the wire's own latency",
  run: async (stage) => {
    const rows = [...(await inMemory(stage)), ...(await onDisk(stage))];
    return { rows, faults: [] };
  },
};

async function inMemory(stage: Stage): Promise<readonly Row[]> {
  const cluster = await stage.ground.startCluster({
    gateways: 1,
    edges: { workflow: 1 },
    env: ENV,
  });
  try {
    const [member] = cluster.edges.workflow ?? [];
    if (member === undefined) throw new Error("The workflow process is missing.");
    return [
      ...(await latencyRows(stage, cluster.url, member.url, "memory")),
      ...(await saturatedRows(stage, cluster.url, member)),
      ...(await memoryRows(stage, cluster.url, member, cluster.journalUrl ?? "")),
      ...(await growthRows(stage, cluster.journalUrl ?? "")),
    ];
  } finally {
    await cluster.stop();
  }
}

async function onDisk(stage: Stage): Promise<readonly Row[]> {
  const standalone = await stage.ground.startStandalone(ENV);
  try {
    return await latencyRows(stage, standalone.url, standalone.url, "disk");
  } finally {
    await standalone.stop();
  }
}

/** A new conversation of a new account, with the service in it. */
async function openSpace(url: string, member: string) {
  const account = await createAccount(url);
  const { magicLink } = await account.mint();
  const space = await WorkflowSpace.open(member, account.credential, magicLink);
  return { space, magicLink };
}

/** A reader of the conversation: when each message's commit frame, each halt, each ping came. */
async function listen(magicLink: string) {
  const heard = new Map<string, number>();
  const wire = await openPlainWire(magicLink, "reader", (data) => {
    const now = performance.now();
    if (data.startsWith("ping ")) heard.set(data, now);
    if (!data.startsWith('{"workflow":1')) return;
    const frame: unknown = JSON.parse(data);
    const { t, header, run } = Object(frame);
    if (t === "commit") heard.set(String(Object(header).id), now);
    if (t === "halt") heard.set(`halt ${String(run)}`, now);
  });
  return { wire, heard };
}

async function latencyRows(
  stage: Stage,
  url: string,
  member: string,
  durability: "memory" | "disk",
): Promise<readonly Row[]> {
  const { space, magicLink } = await openSpace(url, member);
  const writer = await openPlainWire(magicLink, "writer");
  const { wire: reader, heard } = await listen(magicLink);
  const count = stage.scale.isSmoke ? 20 : 600;
  const notes = await space.chain(await space.start(), count, BODY_BYTES);
  const began = new Map<string, number>();
  for (const [index, note] of notes.entries()) {
    const ping = `ping ${index}`;
    began.set(ping, performance.now());
    writer.emit(ping);
    began.set(note.id, performance.now());
    const sent = space.send(note);
    await sleep(1_000 / PACED_PER_SECOND);
    await sent;
  }
  await sleep(500);
  const stops = await stopRows(stage, space, heard, durability);
  closeAll(writer, reader);
  const of = (isPing: boolean) =>
    [...began]
      .filter(([name]) => name.startsWith("ping ") === isPing)
      .map(([name, at]) => (heard.get(name) ?? Number.NaN) - at)
      .slice(Math.min(50, count / 2));
  const [commits, wire] = [of(false), of(true)];
  const p99 = quantile(commits, 0.99);
  const target = durability === "memory" ? { atMost: 5 } : {};
  const about = `${durability}: submit of 3 kB → commit frame at a reader`;
  return [
    row({ what: `${about}, p50 ms`, control: quantile(wire, 0.5), ours: quantile(commits, 0.5) }),
    row({
      what: `${about}, p99 ms`,
      control: quantile(wire, 0.99),
      ours: p99,
      ...target,
      note: `of ${commits.length}; stated on a quiet machine: ${STATED_MS} ms; signed beforehand`,
    }),
    ...stops.map(({ what, ms }) =>
      row({
        what: `${durability}: ${what}, p99 ms; control: commit p99`,
        control: p99,
        ours: quantile(ms, 0.99),
        ...(durability === "memory" ? { atMost: 1 } : {}),
        note: `of ${ms.length}, against 4 hot writers`,
      }),
    ),
  ];
}

/** Stops of a run while four agents write to it as fast as they are answered. */
async function stopRows(
  stage: Stage,
  space: WorkflowSpace,
  heard: ReadonlyMap<string, number>,
  durability: string,
) {
  const trials = stage.scale.isSmoke ? 2 : durability === "memory" ? 100 : 20;
  const acknowledged: number[] = [];
  const atAgents: number[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    let isOver = false;
    const runs = await Promise.all([0, 1, 2, 3].map(() => space.start()));
    const chains = await Promise.all(runs.map((run) => space.chain(run, 40, SMALL_BYTES)));
    const writing = chains.map(async (notes) => {
      for (const note of notes) if (!isOver) await space.send(note);
    });
    await sleep(20);
    const [run = ""] = runs;
    const began = performance.now();
    await space.ask("POST", `/runs/${run}/stop`, "");
    acknowledged.push(performance.now() - began);
    isOver = true;
    await Promise.all(writing);
    for (let look = 0; look < 200 && !heard.has(`halt ${run}`); look += 1) await sleep(5);
    atAgents.push((heard.get(`halt ${run}`) ?? Number.NaN) - began);
  }
  return [
    { what: "stop → acknowledged", ms: acknowledged },
    { what: "stop → the frame at an agent", ms: atAgents },
  ];
}

async function saturatedRows(
  stage: Stage,
  url: string,
  member: GroundMember,
): Promise<readonly Row[]> {
  const { space } = await openSpace(url, member.url);
  const each = stage.scale.isSmoke ? 10 : 400;
  const chains = await Promise.all(
    Array.from({ length: UNDER_WAY }, async () =>
      space.chain(await space.start(), each, SMALL_BYTES),
    ),
  );
  const before = cpuSeconds(member.pid) ?? 0;
  const began = performance.now();
  await Promise.all(
    chains.map(async (notes) => {
      for (const note of notes) await space.send(note);
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  const cpu = (cpuSeconds(member.pid) ?? 0) - before;
  const commits = UNDER_WAY * each;
  return [
    row({
      what: "signed commits per CPU second of the process",
      ours: cpu === 0 ? null : commits / cpu,
      atLeast: 2_000,
      note: `${Math.round(commits / seconds)} per second, ${UNDER_WAY} agents, the service's stream included`,
    }),
  ];
}

async function memoryRows(
  stage: Stage,
  url: string,
  member: GroundMember,
  journalUrl: string,
): Promise<readonly Row[]> {
  const { space } = await openSpace(url, member.url);
  const agents = stage.scale.isSmoke ? 20 : 2_000;
  const redis = new Redis(journalUrl);
  const used = async () =>
    Number(/^used_memory:(\d+)/m.exec(await redis.info("memory"))?.[1] ?? Number.NaN);
  const [own, kept] = [ownMemoryBytes(member.pid), await used()];
  for (let index = 0; index < agents; index += 1) {
    const [note] = await space.chain(await space.start(), 1, SMALL_BYTES);
    if (note !== undefined) await space.send(note);
  }
  await sleep(stage.scale.isSmoke ? 100 : 2_000);
  const grown = (ownMemoryBytes(member.pid) ?? Number.NaN) - (own ?? Number.NaN);
  const stored = ((await used()) - kept) / (2 * agents);
  redis.disconnect();
  return [
    row({
      what: "an idle agent with its run and 2 messages: KiB of the process",
      ours: grown / 1_024 / agents,
      atMost: 10,
      note: `${agents} agents; the heap isn't collected before`,
    }),
    row({
      what: "store: bytes a message, its body of 64 B included",
      ours: stored,
      atMost: 2_048 + 64 + SMALL_BYTES,
    }),
  ];
}

/** What an append costs when the journal is long. */
async function growthRows(stage: Stage, journalUrl: string): Promise<readonly Row[]> {
  const sizes = stage.scale.isSmoke ? [100, 1_000] : [1_000, 1_000_000];
  const opened = await openJournals({
    kind: "redis",
    url: journalUrl,
    durability: { kind: "memory" },
  });
  if (!opened.ok) throw new Error(opened.fault);
  const costs: number[] = [];
  for (const size of sizes) {
    await fill(opened.value, `bench:${size}`, size);
    costs.push(await costOf(opened.value, `bench:${size}`));
  }
  await opened.value.close();
  const [few = null, many = null] = costs;
  return [
    row({
      what: `append at ${sizes[1]} entries, median ms; control: at ${sizes[0]}`,
      control: few,
      ours: many,
      atMost: 2,
    }),
  ];
}

const entry = (key: string) => ({ kind: "note", key, bytes: new Uint8Array(SMALL_BYTES) });

async function fill(journals: Journals, journal: string, size: number): Promise<void> {
  for (let from = 0; from < size; from += 250) {
    const length = Math.min(250, size - from);
    const entries = Array.from({ length }, (_, index) => entry(`k${from + index}`));
    const appended = await journals.append(journal, "any", entries, 1);
    if (!appended.ok) throw new Error(`A journal was not filled: ${appended.fault}.`);
  }
}

async function costOf(journals: Journals, journal: string): Promise<number> {
  const ms: number[] = [];
  for (let index = 0; index < 1_000; index += 1) {
    const began = performance.now();
    await journals.append(journal, "any", [entry(`more${index}`)], 1);
    ms.push(performance.now() - began);
  }
  return quantile(ms, 0.5) ?? Number.NaN;
}

function closeAll(...wires: readonly PlainWire[]): void {
  for (const wire of wires) wire.close();
}
