/** A tenant that sends ten times what it may, beside one that keeps to it. */
import { type AmsAccount, amsTarget, openAmsAccount } from "../ams.ts";
import type { Case } from "../case.ts";
import type { GroundCluster, GroundMember } from "../ground.ts";
import { faultsOf, type GroupResult, groupOf } from "../load-result.ts";
import { groupFor, type Party } from "../parties.ts";
import { row } from "../row.ts";
import { specFor } from "../saturation.ts";
import type { Stage } from "../stage.ts";

/** Frames per second that a connection may send here, and at once after a silence. */
const QUOTA = 1_000;
const BURST = 2_000;
/**
 * Milliseconds after which the noisy one, refused `rate_limited`, comes back: "after a pause", as
 * the protocol says.
 */
const PAUSE_MS = 1_000;
/** Milliseconds of one run: the noisy tenant is closed and back several times. */
const MEASURE_MS = 4_000;
const SMOKE_MS = 500;

const QUIET: Party = {
  conversations: 10,
  emitters: 1,
  readers: 1,
  payload: 32,
  pace: { kind: "paced", perSecond: 100 },
};
const NOISY: Party = {
  conversations: 1,
  emitters: 1,
  readers: 1,
  payload: 32,
  pace: { kind: "paced", perSecond: 10 * QUOTA },
};

export const NOISY_TENANT: Case = {
  name: "noisy-tenant",
  about: `10 quiet streams of 100 tokens/s, and one that sends 10 × its quota of ${QUOTA} frames/s; control: without it`,
  run: async (stage) => {
    const env = { AMS_FRAMES_PER_SECOND: String(QUOTA), AMS_FRAMES_BURST: String(BURST) };
    const cluster = await stage.ground.startCluster({ gateways: 1, env });
    try {
      return await measure(stage, cluster);
    } finally {
      await cluster.stop();
    }
  },
};

async function measure(stage: Stage, cluster: GroundCluster) {
  const [gateway] = cluster.gateways;
  if (gateway === undefined) throw new Error("There is no gateway.");
  const quiet = await openAmsAccount(cluster.url);
  const noisy = await openAmsAccount(cluster.url);
  const alone: number[] = [];
  const beside: number[] = [];
  const faults: string[] = [];
  let closed = 0;
  for (let round = 0; round < stage.scale.rounds; round += 1) {
    const first = await runOnce(stage, gateway, quiet, null);
    const second = await runOnce(stage, gateway, quiet, noisy);
    alone.push(first.quiet.latency_us.p99);
    beside.push(second.quiet.latency_us.p99);
    faults.push(...first.faults, ...second.faults);
    closed += second.closed;
  }
  return {
    rows: [
      row({
        what: "the quiet tenant's p99 µs",
        control: median(alone),
        ours: median(beside),
        atMost: 1.2,
        note: `median of ${alone.length}; the noisy one was closed ${closed} times`,
      }),
    ],
    faults,
  };
}

async function runOnce(
  stage: Stage,
  gateway: GroundMember,
  quiet: AmsAccount,
  noisy: AmsAccount | null,
): Promise<{
  readonly quiet: GroupResult;
  readonly closed: number;
  readonly faults: readonly string[];
}> {
  const at = { gateway: () => gateway };
  const groups = [groupFor(QUIET, await amsTarget(quiet, QUIET, at, "quiet"))];
  if (noisy !== null) {
    const more = { comesBack: { pauseMs: PAUSE_MS }, checksSeq: false };
    const target = await amsTarget(noisy, NOISY, { ...at, more }, "noisy");
    groups.push(groupFor(NOISY, target, QUIET.conversations));
  }
  const measureMs = stage.scale.isSmoke ? SMOKE_MS : MEASURE_MS;
  // What a closed connection had sent is lost to its readers: nothing to wait for.
  const result = await stage.client.run({ ...specFor(stage, groups, {}), measureMs, drainMs: 500 });
  const ofQuiet = { ...result, groups: [groupOf(result, "quiet")] };
  const closes = result.groups.flatMap(({ closes: each }) => each["4290"] ?? 0);
  return {
    quiet: groupOf(result, "quiet"),
    closed: closes.reduce((sum, one) => sum + one, 0),
    faults: faultsOf(ofQuiet),
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
