/** What a load run found, whole: the table, the JSON and the report are pictures of it. */

import { type ClientLimit, clientLimitOf } from "../client-limit.ts";
import { Latencies, type Percentiles, type Recorded } from "../latencies.ts";
import { blindSpotsOf, type Machine } from "../machine.ts";
import { KINDS, type Kind, type Plan } from "../plan.ts";
import { rampOf } from "../schedule.ts";
import type { Second, Timeline } from "../timeline.ts";
import { faultsOf, type Tally } from "../verify/tally.ts";
import type { Close } from "../workers/messages.ts";
import type { Settled } from "../workers/worker-pool.ts";
import { type Saturation, saturationOf } from "./saturation.ts";
import { span } from "./words.ts";

/** `broken`: the wire broke a promise. `cut`: connections were closed before the end. */
export type Outcome = "ok" | "broken" | "cut" | "interrupted";

export type LoadResult = {
  readonly outcome: Outcome;
  readonly startedAt: string;
  /** The deployment, without its link. */
  readonly host: string;
  readonly brokerVersion: string;
  readonly version: string;
  readonly identity: "guest" | "account";
  readonly plan: Plan;
  readonly machine: Machine;
  readonly joins: { readonly count: number; readonly seconds: number; readonly perSecond: number };
  /** Seconds for which tokens were sent. */
  readonly seconds: number;
  readonly tally: Readonly<Tally>;
  /** Deliveries that the tokens should have made. */
  readonly expected: number;
  /**
   * Deliveries that neither came nor are counted as missing in any other way. Connections that
   * moved or were closed leave some: what happened in between is not seen. Without any of those it
   * is a loss.
   */
  readonly unaccounted: number;
  readonly tokensPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly closes: readonly Close[];
  readonly latency: Percentiles;
  readonly latencies: Recorded;
  /** Of the ways of reading that the plan has. */
  readonly byKind: readonly { readonly kind: Kind; readonly latency: Percentiles }[];
  /** Of joins while the run went on; null when the plan has none. */
  readonly comings: Comings | null;
  readonly lateness: Percentiles;
  readonly client: ClientLimit;
  /** Null when there was no ramp, or none was seen. */
  readonly saturation: Saturation | null;
  readonly perSecond: readonly Second[];
  /** Sentences: what couldn't be measured, and on what the figures rest. */
  readonly notes: readonly string[];
};

export type Comings = {
  /** Microseconds from when a join was due until it had joined. */
  readonly joining: Percentiles;
  /** How late this client began them, microseconds. */
  readonly lateness: Percentiles;
  readonly refusals: readonly { readonly code: string; readonly count: number }[];
};

/** By the reason of a close. */
const WHAT_TO_DO: Readonly<Record<string, string>> = {
  no_answer:
    "no_answer: the deployment left a ping without an answer for 15 s: it is suspended, so nobody knows what it would still have delivered.",
  connection_lost:
    "connection_lost: the connection broke without a word: the deployment, or what is between it and here, has ended or can't be reached.",
  rate_limited:
    "rate_limited: an emitter sent faster than the deployment's AMS_FRAMES_PER_SECOND or AMS_BYTES_PER_SECOND allow.",
  subscriber_backpressure:
    "subscriber_backpressure: a subscriber had more than the deployment's AMS_BACKPRESSURE_BYTES unread; it is the load client that reads, so see whether it was the limit.",
};

export type Run = {
  readonly startedAt: Date;
  /** Of the program that ran it. */
  readonly version: string;
  readonly host: string;
  readonly brokerVersion: string;
  readonly identity: "guest" | "account";
  readonly plan: Plan;
  readonly machine: Machine;
  readonly joinSeconds: number;
  readonly seconds: number;
  readonly settled: Settled;
  readonly timeline: Timeline;
  readonly wasInterrupted: boolean;
  /** Microseconds by which clocks of workers elsewhere may be off; 0 when all are here. */
  readonly clockUs: number;
};

export function resultOf(run: Run): LoadResult {
  const { plan, machine, joinSeconds, seconds, settled, timeline, wasInterrupted } = run;
  const { tally, closes } = settled;
  const { connections, emitters, conversations, rhythm, audience } = plan;
  const perSecond = (count: number) => (seconds === 0 ? 0 : count / seconds);
  const expected = tally.emitted * audience + tally.toVisitors;
  const unaccounted = Math.max(0, expected - accountedOf(tally));
  return {
    outcome: outcomeOf(settled, unaccounted, wasInterrupted),
    startedAt: run.startedAt.toISOString(),
    host: run.host,
    brokerVersion: run.brokerVersion,
    version: run.version,
    identity: run.identity,
    plan,
    machine,
    joins: {
      count: connections,
      seconds: joinSeconds,
      perSecond: joinSeconds === 0 ? 0 : connections / joinSeconds,
    },
    seconds,
    tally,
    expected,
    unaccounted,
    tokensPerSecond: perSecond(tally.emitted),
    deliveriesPerSecond: perSecond(tally.received),
    closes,
    latency: timeline.latency,
    latencies: timeline.latencies,
    byKind: KINDS.filter((kind) => settled.byKind[kind].length > 0).map((kind) => ({
      kind,
      latency: percentilesOf(settled.byKind[kind]),
    })),
    comings: comingsOf(plan, settled),
    lateness: timeline.lateness,
    client: clientLimitOf(timeline),
    saturation:
      rampOf(rhythm) > 0 ? saturationOf(timeline.seconds, rhythm, emitters * conversations) : null,
    perSecond: timeline.seconds,
    notes: [
      `Latency is from when a token was meant to be sent until it was read, by ${clockSentence(run.clockUs)}. A token that went out no more than 3 ms late, which is as exact as timers are, counts from when it went out.`,
      ...comingNotes(plan),
      ...blindSpotsOf(machine),
      ...closes.flatMap(({ reason }) => WHAT_TO_DO[reason] ?? []),
    ],
  };
}

function clockSentence(clockUs: number): string {
  return clockUs === 0
    ? "one monotonic clock that all load processes of this machine share"
    : `clocks of the workers that were compared every ten seconds, and may differ by ${span(clockUs)}`;
}

/** What a plan in which readers come and go leaves unchecked. */
function comingNotes({ visits, drops, mix }: Plan): readonly string[] {
  return [
    ...(visits === null && drops === null
      ? []
      : [
          "Who comes while the run goes on is held to every frame after the first that it receives of a stream; what passed before is not counted as missing.",
        ]),
    ...(mix.sse > 0 || mix.mcp > 0
      ? ["The feed gathers events for 20 ms before it writes; an agent hears when it asks again."]
      : []),
  ];
}

function comingsOf({ visits, drops }: Plan, settled: Settled): Comings | null {
  if (visits === null && drops === null) return null;
  const { joining, joinLateness, refusals } = settled;
  return {
    joining: percentilesOf(joining),
    lateness: percentilesOf(joinLateness),
    refusals,
  };
}

function percentilesOf(recorded: Recorded): Percentiles {
  const latencies = new Latencies();
  latencies.add(recorded);
  return latencies.percentiles();
}

function accountedOf(tally: Readonly<Tally>): number {
  const { received, lost, framesReported, cutOff, inFlight, away } = tally;
  return received + lost + framesReported + cutOff + inFlight + away;
}

function outcomeOf(
  { tally, closes }: Settled,
  unaccounted: number,
  wasInterrupted: boolean,
): Outcome {
  const isExplained = closes.length > 0 || tally.moved + tally.drops > 0 || wasInterrupted;
  if (faultsOf(tally) > 0 || (unaccounted > 0 && !isExplained)) return "broken";
  if (closes.length > 0) return "cut";
  return wasInterrupted ? "interrupted" : "ok";
}
