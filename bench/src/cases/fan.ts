/** Fan-out, saturated: one emitter and its readers on one gateway with Redis, against the library alone. */
import { amsTarget } from "../ams.ts";
import type { Case } from "../case.ts";
import { bareTarget } from "../controls.ts";
import type { Party } from "../parties.ts";
import { commandsProcessed } from "../redis-commands.ts";
import { formatNumber } from "../report.ts";
import { type Row, row } from "../row.ts";
import { alternate, bestOf, type Saturation, saturate, windowFor } from "../saturation.ts";
import type { Stage } from "../stage.ts";

/** What is to be reached, where something is. */
type Reach = {
  readonly deliveries?: number;
  readonly cpuPerDelivery?: number;
  readonly gatewayPerToken?: number;
  readonly redisPerToken?: number;
  readonly commandsPerToken?: number;
};

export function fanCase(fan: number, payload: number, reach: Reach = {}): Case {
  const size = payload < 1_024 ? `${payload} B` : `${payload / 1_024} KiB`;
  const suffix = payload === 32 ? "" : `-${size.replace(" KiB", "k")}`;
  return {
    name: `fan-${fan}${suffix}`,
    about: `1 emitter, ${fan} readers, ${size} tokens, saturated; control: bare uWebSockets.js`,
    run: (stage) => measureFan(stage, fan, payload, reach),
  };
}

async function measureFan(stage: Stage, fan: number, payload: number, reach: Reach) {
  const cluster = await stage.cluster();
  const [gateway] = await stage.gateways();
  const account = await stage.account();
  const bare = await stage.bare();
  const window = windowFor(fan, payload);
  const readers = stage.scale.isSmoke ? Math.min(fan, 100) : fan;
  const party: Party = {
    conversations: 1,
    emitters: 1,
    readers,
    payload,
    pace: { kind: "saturated", window },
  };
  let commands = 0;
  const control = (when: "at once" | "turn") => () =>
    saturate(stage, party, bareTarget(bare.port, when), { server: bare.pid });
  const ours = async () => {
    const target = await amsTarget(account, party, { gateway: () => gateway });
    const before = await commandsProcessed(cluster.redisUrl);
    const pids = { server: gateway.pid, ...(cluster.redis && { redis: cluster.redis.pid() }) };
    const run = await saturate(stage, party, target, pids);
    commands = (await commandsProcessed(cluster.redisUrl)) - before;
    return run;
  };
  const sides = [control("at once"), control("turn"), ours];
  const [atOnce = [], atTurn = [], ourRuns = []] = await alternate(stage.scale.rounds, sides);
  const bareRuns = [...atOnce, ...atTurn];
  const emitted = ourRuns.at(-1)?.result.groups[0]?.emitted_total ?? 0;
  return {
    rows: rowsOf({ atOnce, atTurn }, ourRuns, emitted === 0 ? null : commands / emitted, reach),
    faults: [...bareRuns, ...ourRuns].flatMap((run) => run.faults),
  };
}

function rowsOf(
  bare: { readonly atOnce: readonly Saturation[]; readonly atTurn: readonly Saturation[] },
  ourRuns: readonly Saturation[],
  commandsPerToken: number | null,
  reach: Reach,
): readonly Row[] {
  const [first, second] = [bestOf(bare.atOnce), bestOf(bare.atTurn)];
  const ours = bestOf(ourRuns);
  // The control is the way that is better at this fan and size; the note says what the other one does.
  const [best, other] =
    first.deliveriesPerS > second.deliveriesPerS ? [first, second] : [second, first];
  const ways = best === first ? "in the handler" : "behind the turn";
  const busy = `bare is best ${ways}, else ${formatNumber(other.deliveriesPerS)}; load client ${Math.round(ours.clientBusy * 100)} % of a core`;
  return [
    row({
      what: "deliveries/s",
      control: best.deliveriesPerS,
      ours: ours.deliveriesPerS,
      note: busy,
      ...(reach.deliveries && { atLeast: reach.deliveries }),
    }),
    row({
      what: "server CPU µs per delivery",
      control: best.serverPerDelivery,
      ours: ours.serverPerDelivery,
      ...(reach.cpuPerDelivery && { atMost: reach.cpuPerDelivery }),
    }),
    row({
      what: "gateway CPU µs per token",
      ours: ours.serverPerToken,
      ...(reach.gatewayPerToken && { atMost: reach.gatewayPerToken }),
    }),
    row({
      what: "Redis CPU µs per token",
      ours: ours.redisPerToken,
      ...(reach.redisPerToken && { atMost: reach.redisPerToken }),
    }),
    row({
      what: "Redis commands per token",
      ours: commandsPerToken,
      ...(reach.commandsPerToken && { atMost: reach.commandsPerToken }),
    }),
  ];
}
