/**
 * How long a token takes, at a pace that is far from any limit, against a control that is measured
 * in the same seconds.
 */
import { amsTarget } from "../ams.ts";
import type { Case } from "../case.ts";
import { echoTarget, redisTarget } from "../controls.ts";
import { faultsOf, groupOf, type LoadResult } from "../load-result.ts";
import type { Group } from "../load-spec.ts";
import { groupFor, type Party } from "../parties.ts";
import { formatNumber } from "../report.ts";
import { type Row, row } from "../row.ts";
import { specFor } from "../saturation.ts";
import type { Stage } from "../stage.ts";

/** 10 streams of 100 tokens per second, each with one reader. */
const PARTY: Party = {
  conversations: 10,
  emitters: 1,
  readers: 1,
  payload: 32,
  pace: { kind: "paced", perSecond: 100 },
};
/** The echo's emitters are their own readers. */
const ECHO_PARTY: Party = { ...PARTY, readers: 0 };

type Reach = { readonly p50?: number; readonly p99?: number };

/**
 * Emitters and readers on one gateway with Redis, against a bare echo: local first, so Redis is not
 * on the way.
 */
export const LATENCY_SAME: Case = {
  name: "latency-same",
  about: "10 streams × 100 tokens/s, one gateway with Redis; control: bare uWebSockets.js echo",
  run: async (stage) => {
    const [gateway] = await stage.gateways();
    const account = await stage.account();
    const bare = await stage.bare();
    const watched = { "the gateway's": gateway.pid };
    return measure(stage, watched, { p99: 2.5 }, async () => [
      groupFor(PARTY, await amsTarget(account, PARTY, { gateway: () => gateway })),
      groupFor(ECHO_PARTY, echoTarget(bare.port), PARTY.conversations),
    ]);
  },
};

/** Emitters on one gateway, readers on the other, against Redis alone. */
export const LATENCY_ACROSS: Case = {
  name: "latency-across",
  about: "10 streams × 100 tokens/s, two gateways; control: raw Redis PUBLISH→SUBSCRIBE in C",
  run: async (stage) => {
    const [first, second] = await stage.gateways();
    const account = await stage.account();
    const port = (await stage.cluster()).redis?.port ?? 0;
    const gateway = ({ emits }: { readonly emits: boolean }) => (emits ? first : second);
    const watched = { "the emitters' gateway's": first.pid, "the readers' gateway's": second.pid };
    return measure(stage, watched, { p50: 6, p99: 5 }, async () => [
      groupFor(PARTY, await amsTarget(account, PARTY, { gateway })),
      groupFor(PARTY, redisTarget(port), PARTY.conversations),
    ]);
  },
};

/** The first group is ours, the second its control. */
async function measure(
  stage: Stage,
  watched: Readonly<Record<string, number>>,
  reach: Reach,
  groups: () => Promise<readonly [Group, Group]>,
) {
  const runs: LoadResult[] = [];
  let control = "";
  for (let round = 0; round < stage.scale.rounds; round += 1) {
    const both = await groups();
    control = both[1].name;
    runs.push(await stage.client.run(specFor(stage, both, watched)));
  }
  return { rows: rowsOf(runs, control, reach), faults: runs.flatMap((run) => faultsOf(run)) };
}

/**
 * From the quietest seconds, which are those in which the control was best: ours has no say in it.
 */
function rowsOf(runs: readonly LoadResult[], control: string, reach: Reach): readonly Row[] {
  const byControl = [...runs].sort(
    (a, b) => groupOf(a, control).latency_us.p99 - groupOf(b, control).latency_us.p99,
  );
  const [quietest] = byControl;
  if (quietest === undefined) return [];
  const ours = groupOf(quietest, "ours").latency_us;
  const theirs = groupOf(quietest, control).latency_us;
  const late = `the client itself was late by ${formatNumber(groupOf(quietest, "ours").late_us.p99)} µs (p99)`;
  return [
    row({
      what: "p50 µs",
      control: theirs.p50,
      ours: ours.p50,
      ...(reach.p50 && { atMost: reach.p50 }),
    }),
    row({
      what: "p99 µs",
      control: theirs.p99,
      ours: ours.p99,
      note: late,
      ...(reach.p99 && { atMost: reach.p99 }),
    }),
    ...Object.entries(quietest.cpu_s).map(([name, seconds]) =>
      row({
        what: `${name} CPU µs per token`,
        ours: seconds < 0 ? null : (seconds * 1e6) / groupOf(quietest, "ours").emitted,
      }),
    ),
  ];
}
