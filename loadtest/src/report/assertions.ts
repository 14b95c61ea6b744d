/**
 * What a run has to hold, as `p99<50ms,lost=0`: for pipelines, which want a status and not a table.
 */
import type { Percentiles } from "../latencies.ts";
import type { Kind } from "../plan.ts";
import { faultsOf } from "../verify/tally.ts";
import type { LoadResult } from "./result.ts";
import { count, span } from "./words.ts";

/** Assertions of one run. */
const ASSERTIONS_MAX = 100;

const OPERATORS = {
  "<=": (value: number, limit: number) => value <= limit,
  ">=": (value: number, limit: number) => value >= limit,
  "<": (value: number, limit: number) => value < limit,
  ">": (value: number, limit: number) => value > limit,
  "=": (value: number, limit: number) => value === limit,
} as const;

export type Assertion = {
  /** As it was written. */
  readonly text: string;
  readonly metric: string;
  readonly operator: keyof typeof OPERATORS;
  /** Microseconds for times, else a number. */
  readonly limit: number;
};

type Metric = { readonly isTime: boolean; readonly of: (result: LoadResult) => number };

const time = (of: Metric["of"]): Metric => ({ isTime: true, of });
const number = (of: Metric["of"]): Metric => ({ isTime: false, of });

/** `p99`, and with what follows it `p99.sse`, `join.p99`, `late.p99`. */
function percentiles(
  of: (result: LoadResult) => Percentiles | undefined,
  prefix = "",
  suffix = "",
) {
  const at = (name: keyof Percentiles) => (result: LoadResult) => of(result)?.[name] ?? 0;
  return [
    [`${prefix}p50${suffix}`, time(at("p50"))],
    [`${prefix}p90${suffix}`, time(at("p90"))],
    [`${prefix}p99${suffix}`, time(at("p99"))],
    [`${prefix}p99.9${suffix}`, time(at("p999"))],
    [`${prefix}max${suffix}`, time(at("max"))],
    [`${prefix}mean${suffix}`, time(at("mean"))],
  ] as const satisfies readonly (readonly [string, Metric])[];
}

const byKind = (kind: Kind) => (result: LoadResult) =>
  result.byKind.find((one) => one.kind === kind)?.latency;

const METRICS: ReadonlyMap<string, Metric> = new Map<string, Metric>([
  ...percentiles(({ latency }) => latency),
  ...percentiles(byKind("websocket"), "", ".websocket"),
  ...percentiles(byKind("sse"), "", ".sse"),
  ...percentiles(byKind("mcp"), "", ".mcp"),
  ...percentiles(({ comings }) => comings?.joining, "join."),
  ...percentiles(({ lateness }) => lateness, "late."),
  ["lost", number(({ tally }) => tally.lost)],
  ["doubled", number(({ tally }) => tally.doubled)],
  ["reordered", number(({ tally }) => tally.reordered)],
  ["faults", number(({ tally }) => faultsOf(tally))],
  ["gaps", number(({ tally }) => tally.gapsReported)],
  ["missing", number(({ tally, expected }) => Math.max(0, expected - tally.received - tally.away))],
  ["closed", number(({ closes }) => closes.reduce((sum, one) => sum + one.count, 0))],
  ["refused", number(({ tally }) => tally.refused)],
  ["received", number(({ tally }) => tally.received)],
  ["deliveries_per_second", number((result) => result.deliveriesPerSecond)],
  ["tokens_per_second", number((result) => result.tokensPerSecond)],
  ["joins_per_second", number(({ joins }) => joins.perSecond)],
  ["client_limit", number(({ client }) => Number(client.isLimit))],
]);

const UNITS: Readonly<Record<string, number>> = { us: 1, µs: 1, ms: 1_000, s: 1_000_000 };

/** Assertions separated by commas, or the first sentence that says what is wrong. */
export function readAssertions(
  text: string,
): { readonly ok: true; readonly assertions: readonly Assertion[] } | Wrong {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length > ASSERTIONS_MAX) return wrong(`At most ${ASSERTIONS_MAX} assertions.`);
  const assertions: Assertion[] = [];
  for (const part of parts) {
    const read = readAssertion(part);
    if (!read.ok) return read;
    assertions.push(read.assertion);
  }
  return { ok: true, assertions };
}

type Wrong = { readonly ok: false; readonly sentence: string };

function wrong(sentence: string): Wrong {
  return { ok: false, sentence };
}

function readAssertion(text: string): { readonly ok: true; readonly assertion: Assertion } | Wrong {
  const found = /^([a-z][a-z0-9_.]*)\s*(<=|>=|<|>|=)\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s)?$/.exec(text);
  const [, name = "", sign = "", digits = "", unit] = found ?? [];
  const metric = METRICS.get(name);
  if (found === null || !isOperator(sign)) {
    return wrong(`"${text}" is no assertion: write p99<50ms or lost=0.`);
  }
  if (metric === undefined) {
    const known = [...METRICS.keys()].filter((one) => !/^(p|max|mean)|\./.test(one));
    return wrong(
      `"${name}" is nothing that is measured: p50, p90, p99, p99.9, max, mean, each also with .websocket, .sse, .mcp or after join. and late.; ${known.join(", ")}.`,
    );
  }
  if (metric.isTime !== (unit !== undefined)) {
    return wrong(`"${text}": ${name} is ${metric.isTime ? "a time, such as 50ms" : "a number"}.`);
  }
  const limit = Number(digits) * (unit === undefined ? 1 : (UNITS[unit] ?? 1));
  return { ok: true, assertion: { text, metric: name, operator: sign, limit } };
}

function isOperator(sign: string): sign is Assertion["operator"] {
  return Object.hasOwn(OPERATORS, sign);
}

export type Checked = {
  readonly assertion: Assertion;
  /** Null when it holds; else a sentence. */
  readonly failure: string | null;
};

/** Each assertion, held against a run. */
export function checkAll(assertions: readonly Assertion[], result: LoadResult): readonly Checked[] {
  return assertions.map((assertion) => {
    const { text, metric, operator, limit } = assertion;
    const { isTime = false, of = () => Number.NaN } = METRICS.get(metric) ?? {};
    const value = of(result);
    if (OPERATORS[operator](value, limit)) return { assertion, failure: null };
    const shown = isTime ? span(value) : Number.isInteger(value) ? count(value) : value.toFixed(2);
    return { assertion, failure: `${text}: it was ${shown}` };
  });
}

/** A sentence for each that does not hold. */
export function failuresOf(
  assertions: readonly Assertion[],
  result: LoadResult,
): readonly string[] {
  return checkAll(assertions, result).flatMap(({ failure }) => failure ?? []);
}
