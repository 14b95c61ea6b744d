/** One saturated run of a party at one target, reduced to what it cost. */
import { faultsOf, groupOf, type LoadResult } from "./load-result.ts";
import type { LoadSpec } from "./load-spec.ts";
import { groupFor, type Party, type Target } from "./parties.ts";
import { formatNumber } from "./report.ts";
import type { Stage } from "./stage.ts";

/** Milliseconds that all members may take to enter, and the last tokens to arrive. */
const CONNECT_MS = 60_000;
const DRAIN_MS = 5_000;
const CONNECTING_MAX = 64;

/**
 * Bytes that one emitter may have on their way to one reader: far below the backpressure limit of 1
 * MiB.
 */
const UNDER_WAY_BYTES = 262_144;
/** Deliveries of one emitter that may be on their way to all of its readers. */
const UNDER_WAY_DELIVERIES = 100_000;
const WINDOW_MAX = 512;
/** Bytes of a delivered frame around its payload, about. */
const ENVELOPE_BYTES = 200;

/** What one run cost; processor times are null where the system doesn't report them. */
export type Saturation = {
  readonly deliveriesPerS: number;
  readonly tokensPerS: number;
  /** Microseconds of the server per delivery, and per token. */
  readonly serverPerDelivery: number | null;
  readonly serverPerToken: number | null;
  readonly redisPerToken: number | null;
  readonly commandsPerToken: number;
  /** The load client's share of one processor. */
  readonly clientBusy: number;
  readonly result: LoadResult;
  readonly faults: readonly string[];
};

/**
 * How many tokens of one emitter keep everybody busy without filling a buffer; `emitters` of them
 * share a reader.
 */
export function windowFor(fan: number, payload: number, emitters = 1): number {
  const byBytes = Math.floor(UNDER_WAY_BYTES / (payload + ENVELOPE_BYTES) / emitters);
  const byDeliveries = Math.max(64, Math.floor(UNDER_WAY_DELIVERIES / fan));
  return Math.max(2, Math.min(WINDOW_MAX, byBytes, byDeliveries));
}

export function specFor(
  stage: Stage,
  groups: LoadSpec["groups"],
  watched: LoadSpec["watched"],
): LoadSpec {
  const { warmupMs, measureMs } = stage.scale;
  return {
    warmupMs,
    measureMs,
    drainMs: DRAIN_MS,
    connectMs: CONNECT_MS,
    connectingMax: CONNECTING_MAX,
    enteringMax: CONNECTING_MAX,
    watched,
    groups,
  };
}

/**
 * `watched` has the server as `server`, and Redis as `redis` where there is one, whose commands
 * `countCommands` says.
 */
export async function saturate(
  stage: Stage,
  party: Party,
  target: Target,
  watched: Readonly<Record<string, number>>,
  countCommands: () => Promise<number> = () => Promise.resolve(0),
): Promise<Saturation> {
  const run = stage.client.start(specFor(stage, [groupFor(party, target)], watched));
  const before = await run.ready.then(countCommands);
  const result = await run.result;
  const commands = (await countCommands()) - before;
  run.close();
  const { delivered, emitted, emitted_total } = groupOf(result, target.name);
  const cpu = (name: string, count: number) => {
    const seconds = result.cpu_s[name];
    return seconds === undefined || seconds < 0 || count === 0 ? null : (seconds * 1e6) / count;
  };
  return {
    deliveriesPerS: delivered / result.measured_s,
    tokensPerS: emitted / result.measured_s,
    serverPerDelivery: cpu("server", delivered),
    serverPerToken: cpu("server", emitted),
    redisPerToken: cpu("redis", emitted),
    commandsPerToken: commands / emitted_total,
    clientBusy: result.client_cpu_s / result.measured_s,
    result,
    faults: faultsOf(result, { closedMax: party.slowReaders ?? 0 }),
  };
}

/** The best of each figure, over runs of the same kind. */
export function bestOf(runs: readonly Saturation[]) {
  const most = (pick: (run: Saturation) => number) => Math.max(...runs.map(pick));
  const least = (pick: (run: Saturation) => number | null) => {
    const known = runs.map(pick).filter((value) => value !== null);
    return known.length === 0 ? null : Math.min(...known);
  };
  return {
    deliveriesPerS: most((run) => run.deliveriesPerS),
    tokensPerS: most((run) => run.tokensPerS),
    serverPerDelivery: least((run) => run.serverPerDelivery),
    serverPerToken: least((run) => run.serverPerToken),
    redisPerToken: least((run) => run.redisPerToken),
    commandsPerToken: Math.min(...runs.map((run) => run.commandsPerToken)),
    clientBusy: most((run) => run.clientBusy),
  };
}

/**
 * Whether the load client was the limit: what it would have been good for with a processor to
 * itself.
 */
export function clientNote(best: Pick<Saturation, "clientBusy" | "deliveriesPerS">): string {
  const { clientBusy, deliveriesPerS } = best;
  const goodFor = clientBusy === 0 ? null : deliveriesPerS / clientBusy;
  return `load client ${Math.round(clientBusy * 100)} % busy, so good for ${formatNumber(goodFor)}`;
}

/** Runs each side in turn, `rounds` times: what disturbs the machine disturbs both. */
export async function alternate(
  rounds: number,
  sides: readonly (() => Promise<Saturation>)[],
): Promise<readonly (readonly Saturation[])[]> {
  const runs: Saturation[][] = sides.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, side] of sides.entries()) runs[index]?.push(await side());
  }
  return runs;
}
