/** A saturated party on one gateway with Redis, against the library alone. */
import { amsTarget } from "../ams.ts";
import type { Case } from "../case.ts";
import { bareTarget } from "../controls.ts";
import { fanOf, type Party } from "../parties.ts";
import { commandsProcessed } from "../redis-commands.ts";
import { formatNumber } from "../report.ts";
import { type Row, row } from "../row.ts";
import {
  alternate,
  bestOf,
  clientNote,
  type Saturation,
  saturate,
  windowFor,
} from "../saturation.ts";
import type { Stage } from "../stage.ts";

/** What is to be reached, where something is: ratios to the control, or figures of ours. */
export type Reach = {
  readonly deliveries?: number;
  readonly cpuPerDelivery?: number;
  readonly gatewayPerToken?: number;
  readonly redisPerToken?: number;
  readonly commandsPerToken?: number;
};

type How = {
  readonly reach?: Reach;
  /** Where entering takes long, not all rounds are run. */
  readonly roundsMax?: number;
  /** Tokens of one emitter on their way; as many as keep everybody busy unless given. */
  readonly window?: number;
};

/** Readers of one conversation in a smoke run. */
const SMOKE_READERS_MAX = 100;

/** One emitter and so many readers. */
export function fanCase(fan: number, payload: number, how: How = {}): Case {
  const size = payload < 1_024 ? `${payload} B` : `${payload / 1_024} KiB`;
  const suffix = payload === 32 ? "" : `-${payload / 1_024}k`;
  const party = { conversations: 1, emitters: 1, readers: fan, payload };
  return saturatedCase(
    `fan-${fan}${suffix}`,
    `1 emitter, ${fan} ${fan === 1 ? "reader" : "readers"}, tokens of ${size}, saturated`,
    party,
    how,
  );
}

export function saturatedCase(
  name: string,
  about: string,
  members: Omit<Party, "pace">,
  how: How = {},
): Case {
  const { reach = {}, roundsMax = Number.POSITIVE_INFINITY } = how;
  const fan = fanOf({ ...members, pace: { kind: "silent" } });
  const window = how.window ?? windowFor(fan, members.payload, members.emitters);
  const party: Party = { ...members, pace: { kind: "saturated", window } };
  return {
    name,
    about: `${about}; control: bare uWebSockets.js`,
    run: (stage) => measure(stage, party, reach, Math.min(roundsMax, stage.scale.rounds)),
  };
}

async function measure(stage: Stage, asked: Party, reach: Reach, rounds: number) {
  const cluster = await stage.cluster();
  const [gateway] = await stage.gateways();
  const account = await stage.account();
  const bare = await stage.bare();
  const readers = stage.scale.isSmoke ? Math.min(asked.readers, SMOKE_READERS_MAX) : asked.readers;
  const party = { ...asked, readers };
  const control = (when: "at once" | "turn") => () =>
    saturate(stage, party, bareTarget(bare.port, when), { server: bare.pid });
  const ours = async () => {
    const target = await amsTarget(account, party, { gateway: () => gateway });
    const pids = { server: gateway.pid, ...(cluster.redis && { redis: cluster.redis.pid() }) };
    return saturate(stage, party, target, pids, () => commandsProcessed(cluster.redisUrl));
  };
  const sides = [control("at once"), control("turn"), ours];
  const [atOnce = [], atTurn = [], ourRuns = []] = await alternate(rounds, sides);
  return {
    rows: rowsOf(atOnce, atTurn, ourRuns, reach),
    faults: [...atOnce, ...atTurn, ...ourRuns].flatMap((run) => run.faults),
  };
}

function rowsOf(
  atOnce: readonly Saturation[],
  atTurn: readonly Saturation[],
  ourRuns: readonly Saturation[],
  reach: Reach,
): readonly Row[] {
  const [first, second, ours] = [bestOf(atOnce), bestOf(atTurn), bestOf(ourRuns)];
  // The control is the way that is better here; the note says what the other one does.
  const isFirst = first.deliveriesPerS > second.deliveriesPerS;
  const [best, other] = isFirst ? [first, second] : [second, first];
  const ways = isFirst ? "in its handler" : "behind its turn";
  const note = `bare publishes ${ways}, else ${formatNumber(other.deliveriesPerS)}; ${clientNote(ours)}`;
  const deliveries = { control: best.deliveriesPerS, ours: ours.deliveriesPerS, note };
  const cpu = { control: best.serverPerDelivery, ours: ours.serverPerDelivery };
  return [
    row({ what: "deliveries/s", ...deliveries, ...atLeast(reach.deliveries) }),
    row({ what: "server CPU µs per delivery", ...cpu, ...atMost(reach.cpuPerDelivery) }),
    row({
      what: "gateway CPU µs per token",
      ours: ours.serverPerToken,
      ...atMost(reach.gatewayPerToken),
    }),
    row({
      what: "Redis CPU µs per token",
      ours: ours.redisPerToken,
      ...atMost(reach.redisPerToken),
    }),
    row({
      what: "Redis commands per token",
      ours: ours.commandsPerToken,
      ...atMost(reach.commandsPerToken),
    }),
  ];
}

function atMost(limit: number | undefined) {
  return limit === undefined ? {} : { atMost: limit };
}

function atLeast(limit: number | undefined) {
  return limit === undefined ? {} : { atLeast: limit };
}
