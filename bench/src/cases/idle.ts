/** What an idle, joined connection costs its gateway. */
import { setTimeout as pause } from "node:timers/promises";
import { amsTarget, openAmsAccount } from "../ams.ts";
import type { Case } from "../case.ts";
import { type Crowd, gather, sourceOf } from "../crowd.ts";
import type { GroundCluster } from "../ground.ts";
import { groupFor, type Party } from "../parties.ts";
import { ownMemoryBytes } from "../proc.ts";
import { row } from "../row.ts";
import type { Stage } from "../stage.ts";

/**
 * Connections of one gateway: below the 20,000 descriptors that a process may have on many systems.
 */
const PER_GATEWAY = 15_000;
/** Members of one conversation. */
const STREAMS = 10;
/**
 * The part that joins first. What it costs is not counted: with it the gateway's heap reaches its
 * working size.
 */
const FIRST_PART = 1 / 3;
/**
 * Milliseconds in which a gateway collects its garbage on request and gives the memory back.
 */
const SETTLE_MS = 2_000;
/** Bytes. */
const REACH_BYTES = 2_048;
const SMOKE_CONNECTIONS = 200;

export function idleCase(connections: number): Case {
  return {
    name: `idle-${connections / 1_000}k`,
    about: `${connections} idle joined connections, ${STREAMS} to a conversation, ${PER_GATEWAY} to a gateway`,
    run: (stage) => measure(stage, stage.scale.isSmoke ? SMOKE_CONNECTIONS : connections),
  };
}

async function measure(stage: Stage, connections: number) {
  // Gateways of its own: in those that have served others, memory that was freed hides what is
  // used.
  const gateways = Math.ceil(connections / PER_GATEWAY);
  const collector = new URL("../servers/collect-garbage.js", import.meta.url).href;
  // The young generation grows with what a gateway was busy with, by more than thousands of
  // connections take: here it stays small.
  const env = { NODE_OPTIONS: `--max-semi-space-size=1 --import ${collector}` };
  const cluster = await stage.ground.startCluster({ gateways, env });
  try {
    return await measureOn(stage, cluster, connections);
  } finally {
    await cluster.stop();
  }
}

async function measureOn(stage: Stage, cluster: GroundCluster, connections: number) {
  const first = Math.ceil((connections * FIRST_PART) / STREAMS) * STREAMS;
  const crowds = [await join(stage, cluster, first, 0)];
  const before = await settledMemory(stage, cluster);
  crowds.push(await join(stage, cluster, connections - first, first));
  const after = await settledMemory(stage, cluster);
  for (const crowd of crowds) await crowd.leave();
  const bytes = before === null || after === null ? null : (after - before) / (connections - first);
  return {
    rows: [
      row({
        what: "gateway bytes per connection",
        ours: bytes,
        atMost: REACH_BYTES,
        note: `user space (RssAnon, garbage collected, compacted), of those after the first ${first}`,
      }),
      row({
        what: "all gateways, MiB in user space",
        ours: after === null ? null : after / 2 ** 20,
      }),
    ],
    faults: [],
  };
}

async function join(
  stage: Stage,
  cluster: GroundCluster,
  members: number,
  before: number,
): Promise<Crowd> {
  const account = await openAmsAccount(cluster.url);
  const party: Party = {
    conversations: Math.ceil(members / STREAMS),
    emitters: 0,
    readers: STREAMS,
    payload: 32,
    pace: { kind: "silent" },
  };
  const [fallback] = cluster.gateways;
  if (fallback === undefined) throw new Error("There is no gateway.");
  const target = await amsTarget(account, party, {
    // All of a conversation on one gateway.
    gateway: ({ conversation }) =>
      cluster.gateways[conversation % cluster.gateways.length] ?? fallback,
    source: ({ number }) => sourceOf(before + number),
  });
  return gather(stage, groupFor(party, target));
}

/** Bytes of all gateways together, garbage left out. */
async function settledMemory(stage: Stage, cluster: GroundCluster): Promise<number | null> {
  for (const { pid } of cluster.gateways) process.kill(pid, "SIGUSR2");
  if (!stage.scale.isSmoke) await pause(SETTLE_MS);
  const each = cluster.gateways.map(({ pid }) => ownMemoryBytes(pid));
  return each.reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0);
}
