/**
 * A run's result as JSON: one object, members in snake case as on the wire; times in microseconds
 * unless their name says otherwise.
 */

import type { Percentiles } from "../latencies.ts";
import { lengthOf, rampOf, rateMaxOf } from "../schedule.ts";
import type { Second } from "../timeline.ts";
import type { Tally } from "../verify/tally.ts";
import type { LoadResult } from "./result.ts";

/** Changes when a member changes its meaning or goes; new members don't change it. */
const SCHEMA = "ams.load.v1";

export function jsonOf(result: LoadResult) {
  const { plan, machine, joins, client, saturation } = result;
  return {
    schema: SCHEMA,
    outcome: result.outcome,
    started_at: result.startedAt,
    host: result.host,
    broker_version: result.brokerVersion,
    version: result.version,
    settings: {
      identity: result.identity,
      scenario: plan.name,
      conversations: plan.conversations,
      subscribers: plan.subscribers,
      emitters: plan.emitters,
      readers: plan.mix,
      rate: rateMaxOf(plan.rhythm),
      payload_bytes: plan.payloadBytes,
      duration_s: lengthOf(plan.rhythm) - rampOf(plan.rhythm),
      ramp_s: rampOf(plan.rhythm),
      seed: plan.seed,
      processes: plan.processes,
      emit_only: plan.emitOnly,
    },
    machine,
    joins: { count: joins.count, seconds: joins.seconds, per_second: joins.perSecond },
    seconds: result.seconds,
    tokens_per_second: result.tokensPerSecond,
    deliveries_per_second: result.deliveriesPerSecond,
    counts: {
      expected: result.expected,
      unaccounted: result.unaccounted,
      ...countsOf(result.tally),
    },
    closes: result.closes,
    latency_us: percentilesOf(result.latency),
    latency_us_by_reader: Object.fromEntries(
      result.byKind.map(({ kind, latency }) => [kind, percentilesOf(latency)]),
    ),
    late_joins:
      result.comings === null
        ? null
        : {
            join_us: percentilesOf(result.comings.joining),
            lateness_us: percentilesOf(result.comings.lateness),
            refusals: result.comings.refusals,
          },
    client: {
      was_limit: client.isLimit,
      reasons: client.reasons,
      cpu_max: client.cpuMax,
      stall_ms_max: client.stallMsMax,
      lateness_us: percentilesOf(result.lateness),
      ceiling_per_process: client.ceilingPerProcess,
    },
    knee:
      saturation === null
        ? null
        : {
            kind: saturation.kind,
            at_s: saturation.at_s,
            tokens_per_second: saturation.tokensPerSecond,
            p99_us: saturation.p99Us,
            calm_p99_us: saturation.calmP99Us,
          },
    per_second: result.perSecond.map(secondOf),
    /** Value, count, value, count, …: microseconds, rising. */
    histogram_us: result.latencies,
    notes: result.notes,
  };
}

function countsOf(tally: Readonly<Tally>) {
  return {
    emitted: tally.emitted,
    received: tally.received,
    lost: tally.lost,
    doubled: tally.doubled,
    reordered: tally.reordered,
    self_delivered: tally.selfDelivered,
    unasked: tally.unasked,
    altered: tally.altered,
    unreadable: tally.unreadable,
    gaps_told: tally.gapsReported,
    frames_told: tally.framesReported,
    cut_off: tally.cutOff,
    in_flight: tally.inFlight,
    moved: tally.moved,
    away: tally.away,
    to_visitors: tally.toVisitors,
    visits: tally.visits,
    drops: tally.drops,
    refused: tally.refused,
    foreign: tally.foreign,
  };
}

function percentilesOf({ p50, p90, p99, p999, max, mean }: Percentiles) {
  return { p50, p90, p99, p99_9: p999, max, mean };
}

function secondOf({ at_s, isWhole, tally, latency, latenessP99Us, cpu, stallMs }: Second) {
  return {
    at_s,
    is_whole: isWhole,
    emitted: tally.emitted,
    received: tally.received,
    lost: tally.lost,
    latency_us: percentilesOf(latency),
    lateness_p99_us: latenessP99Us,
    client_cpu: cpu,
    client_stall_ms: stallMs,
  };
}
