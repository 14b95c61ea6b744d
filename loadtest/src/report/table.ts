/** A run's result as a table for a terminal. */

import type { Percentiles } from "../latencies.ts";
import type { Plan, Range } from "../plan.ts";
import { lengthOf, rampOf, rateMaxOf } from "../schedule.ts";
import type { LoadResult } from "./result.ts";
import type { Saturation } from "./saturation.ts";
import { count, percent, plural, rate, span } from "./words.ts";

/** How a terminal shows a text; each returns it unchanged where no colors are wanted. */
export type Colors = Readonly<Record<"red" | "yellow" | "green" | "dim", (text: string) => string>>;

/** Columns of the names in front of the figures. */
const NAME_COLUMNS = 22;

export function tableOf(result: LoadResult, colors: Colors): readonly string[] {
  const { outcome } = result;
  const paint =
    outcome === "broken" ? colors.red : outcome === "cut" ? colors.yellow : colors.green;
  return [
    ...head(result),
    "",
    ...latencyRows(result),
    "",
    ...countRows(result).map(([name, value, isBad]) => {
      const line = row(name, value);
      return isBad ? colors.red(line) : line;
    }),
    ...closeRows(result),
    "",
    ...clientRows(result, colors),
    ...(result.saturation === null ? [] : ["", saturationSentence(result.saturation)]),
    ...(rampOf(result.plan.rhythm) > 0 && result.saturation === null
      ? ["", "No saturation point: neither losses nor a bend in latency up to the full rate."]
      : []),
    "",
    paint(verdictOf(result)),
    ...result.notes.map((note) => colors.dim(note)),
  ];
}

/** The run in one sentence. */
export function verdictOf({ outcome, tally, expected }: LoadResult): string {
  const missing = Math.max(0, expected - tally.received);
  const isIdle = expected === 0 && tally.received === 0;
  switch (outcome) {
    case "ok":
      if (isIdle) {
        return tally.emitted === 0
          ? "No token was sent; every connection was held to the end."
          : "Nobody was there to hear the tokens: nothing could be checked.";
      }
      return missing === 0
        ? "Every token reached everybody, once and in order."
        : `No promise was broken, but ${plural(missing, "delivery is", "deliveries are")} missing, as the broker reported or while connections moved.`;
    case "broken":
      return "The wire broke its promise: see what is lost, doubled, reordered, altered, self-delivered or not asked for.";
    case "cut":
      return "Connections were closed before the end.";
    case "interrupted":
      return "Stopped before the end; up to there nothing was lost, doubled or reordered.";
  }
}

export function saturationSentence({
  kind,
  at_s,
  tokensPerSecond,
  p99Us,
  calmP99Us,
}: Saturation): string {
  const load = `at about ${count(tokensPerSecond)} tokens/s, ${at_s} s after the start`;
  return kind === "loss"
    ? `The first frames went missing ${load}.`
    : `Latency bent ${load}: p99 ${span(p99Us)}, up from ${span(calmP99Us)} at little load.`;
}

function head({ plan, host, brokerVersion, identity }: LoadResult): readonly string[] {
  const { subscribers, emitters, payloadBytes, processes, emitOnly } = plan;
  const deaf = emitOnly ? " (hearing nobody)" : "";
  return [
    `${host} (AMS ${brokerVersion}): ${eachOf(plan)}${plural(subscribers, "subscriber")} and ${plural(emitters, "emitter")}${deaf} as ${identity}s, from ${plural(processes, "load process", "load processes")}`,
    `${rateSentence(plan)} tokens/s of ${plural(payloadBytes, "byte")} from each emitter ${timeSentence(plan)}`,
    ...comingSentences(plan),
  ];
}

/** `5 conversations, each with ` where there are several. */
export function eachOf({ conversations }: Plan): string {
  return conversations === 1 ? "" : `${plural(conversations, "conversation")}, each with `;
}

export function rateSentence({ rhythm }: Plan): string {
  const most = rateMaxOf(rhythm);
  const changes = rhythm.some(({ from, to }) => from !== most || to !== most);
  const shown = Number.isInteger(most) ? String(most) : rate(most);
  return changes && rampOf(rhythm) === 0 ? `up to ${shown}` : shown;
}

export function timeSentence({ rhythm }: Plan): string {
  const ramp = rampOf(rhythm);
  if (rhythm.length > 2) return `in ${rhythm.length} phases, ${lengthOf(rhythm)} s in all`;
  const after = ramp > 0 ? `, after a ramp of ${ramp} s` : "";
  return `for ${lengthOf(rhythm) - ramp} s${after}`;
}

/** Who reads how, and who comes and goes. */
export function comingSentences({ mix, visits, drops, turns }: Plan): readonly string[] {
  const others = mix.sse + mix.mcp > 0;
  const kinds = `readers: ${percent(mix.websocket)} WebSocket, ${percent(mix.sse)} SSE, ${percent(mix.mcp)} MCP`;
  const parts = [
    ...(others ? [kinds] : []),
    ...(turns === null
      ? []
      : [`turns of ${plural(turns.tokens, "token")}, then ${range(turns.think_s)} of thought`]),
    ...(visits === null
      ? []
      : [`up to ${rate(rateMaxOf(visits.arrivals))} visitors/s, each for ${range(visits.stay_s)}`]),
    ...(drops === null
      ? []
      : [`up to ${rate(rateMaxOf(drops.events))} reconnects/s, after ${range(drops.away_s)}`]),
  ];
  return parts.length === 0 ? [] : [parts.join("; ")];
}

function range([from, to]: Range): string {
  return from === to ? `${from} s` : `${from} to ${to} s`;
}

function latencyRows({ latency, byKind, comings }: LoadResult): readonly string[] {
  const kinds = byKind.length > 1 ? byKind : [];
  const rows = [
    ["", "p50", "p90", "p99", "p99.9", "max"],
    spans("emit → receive", latency),
    ...kinds.map(({ kind, latency: own }) => spans(`  by ${READ_BY[kind]}`, own)),
    ...(comings === null ? [] : [spans("due → joined", comings.joining)]),
  ];
  return rows.map((line) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(NAME_COLUMNS) : cell.padStart(10))).join(""),
  );
}

export const READ_BY = { websocket: "WebSocket", sse: "SSE", mcp: "MCP" } as const;

function spans(name: string, { p50, p90, p99, p999, max }: Percentiles): readonly string[] {
  return [name, ...[p50, p90, p99, p999, max].map((us) => (max === 0 ? "–" : span(us)))];
}

type CountRow = readonly [name: string, value: string, isBad: boolean];

/** What was counted, in the order of the table; the report shows the same. */
export function countRows(result: LoadResult): readonly CountRow[] {
  const { tally, joins, expected, perSecond } = result;
  const most = Math.max(0, ...perSecond.map((second) => second.tally.received));
  // A client that was suspended counts what came meanwhile in one second.
  const best = result.client.isLimit ? "" : ` (${count(most)} in the best second)`;
  const bad = (name: string, value: number): CountRow => [name, count(value), value > 0];
  const shown = (name: string, value: number): readonly CountRow[] =>
    value > 0 ? [[name, count(value), false]] : [];
  return [
    ["tokens sent", `${count(tally.emitted)} (${rate(result.tokensPerSecond)}/s)`, false],
    ["deliveries", `${count(tally.received)} of ${count(expected)}`, false],
    ["deliveries/s", `${rate(result.deliveriesPerSecond)}${best}`, false],
    [
      "joins/s",
      `${count(joins.perSecond)} (${count(joins.count)} in ${joins.seconds.toFixed(2)} s)`,
      false,
    ],
    bad("lost", tally.lost),
    bad("doubled", tally.doubled),
    bad("reordered", tally.reordered),
    bad("self-delivered", tally.selfDelivered),
    ...(tally.unasked > 0 ? [bad("not asked for", tally.unasked)] : []),
    bad("altered", tally.altered + tally.unreadable),
    ...shown("gaps reported", tally.gapsReported),
    ...shown("missing as reported", tally.framesReported),
    ...shown("missing, cut off", tally.cutOff),
    ...shown("left on the way", tally.inFlight),
    ...shown("missing, not seen how", result.unaccounted),
    ...shown("passed while away", tally.away),
    ...shown("visitors", tally.visits),
    ...shown("reconnects", tally.drops),
    ...(tally.refused > 0 ? [bad("late joins refused", tally.refused)] : []),
    ...shown("connections moved", tally.moved),
    ...shown("of other streams", tally.foreign),
  ];
}

function closeRows({ closes }: LoadResult): readonly string[] {
  if (closes.length === 0) return [row("closes", "none")];
  return closes.map(({ code, reason, count: times }) =>
    row("closed", `${count(times)} × ${code ?? "-"} ${reason}`),
  );
}

function clientRows({ client, lateness }: LoadResult, colors: Colors): readonly string[] {
  const { isLimit, reasons, cpuMax, stallMsMax, ceilingPerProcess } = client;
  const ceiling =
    ceilingPerProcess === null
      ? ""
      : `; about ${count(ceilingPerProcess)} deliveries per CPU second is its ceiling`;
  return [
    row(
      "load client",
      `CPU at most ${percent(cpuMax)} of a core, stalls at most ${span(stallMsMax * 1_000)}, sent late by ${span(lateness.p99)} (p99)${ceiling}`,
    ),
    ...(isLimit
      ? [
          colors.yellow(
            `The load client itself, or the machine that it runs on, was the limit: these figures say little of the deployment. ${reasons.join(" ")} Give it more --processes, more cores, or another machine.`,
          ),
        ]
      : []),
  ];
}

function row(name: string, value: string): string {
  return `${name.padEnd(NAME_COLUMNS)}${value}`;
}
