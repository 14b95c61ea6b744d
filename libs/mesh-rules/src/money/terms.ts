/** The terms of a settlement (M7.4): rail, amount, milestones, cycle, split, silence. */
import type { Json, JsonObject } from "@ams/provenance";
import { isJsonObject } from "@ams/provenance";
import { reject } from "../errors.ts";
import { Fields, isDid, isText, isWhole } from "../fields.ts";
import { ACCEPT_BY_S, ATTEST_BY_S, MILESTONES_MAX, SPLIT_MAX } from "../limits.ts";
import { type Amount, readAmount, share } from "./amounts.ts";

export const RAILS = ["amp-escrow", "amp-outcome", "amp-subscription", "amp-split"] as const;
export type Rail = (typeof RAILS)[number];

export type Planned = { readonly on: string; readonly pct: number; readonly minor: number };
export type Cycle = { readonly every: string; readonly count: number | null };
export type SplitPart = { readonly to: string; readonly bps: number };

export type Terms = {
  readonly rail: Rail;
  readonly amount: Amount;
  readonly milestones: readonly Planned[];
  readonly cycle: Cycle | null;
  readonly split: readonly SplitPart[] | null;
  readonly noFallback: boolean;
  readonly acceptByS: number;
  readonly attestByS: number;
  readonly onSilence: "release" | "refund" | null;
  readonly lateS: number;
  readonly slaBps: number;
};

const NAMES = "rail amount milestones cycle split no_fallback accept_by_s attest_by_s".split(" ");
const MORE = ["on_silence", "late_s", "sla_bps"];

/** Seconds: a hundred years, so that sums stay exact. */
const SECONDS_MAX = 3_155_760_000;
const CYCLES_MAX = 10_000;

/** Basis points of the stake for a missed deadline, unless the terms say otherwise (M7.7). */
const SLA_BPS = 1_000;

const MILESTONE = /^[a-z0-9_-]{1,64}$/;
const EVERY = /^P(?:T([1-9]\d{0,8})([SMH])|([1-9]\d{0,4})([DWM]))$/;

const isBool = (value: unknown): value is boolean => typeof value === "boolean";
const isRail = (value: unknown): value is Rail => RAILS.some((rail) => rail === value);
const isSilence = (value: unknown): value is "release" | "refund" =>
  value === "release" || value === "refund";

export function readTerms(value: Json | undefined): Terms {
  const fields = new Fields(value, "invalid_envelope", "settle").only([...NAMES, ...MORE]);
  const seconds = (name: string, fallback: number, min = 1) =>
    fields.get(name, (given): given is number => isWhole(given, min, SECONDS_MAX), fallback);
  const rail = fields.get("rail", isRail);
  const amount = readAmount(fields.raw("amount"));
  const isBps = (given: unknown): given is number => isWhole(given, 0, 10_000);
  return {
    rail,
    amount,
    milestones: readMilestones(fields.raw("milestones"), rail, amount),
    cycle: readCycle(fields, rail),
    split: readSplit(fields.raw("split"), rail),
    noFallback: fields.get("no_fallback", isBool, false),
    acceptByS: seconds("accept_by_s", ACCEPT_BY_S),
    attestByS: seconds("attest_by_s", ATTEST_BY_S),
    onSilence: fields.get("on_silence", isSilence, null),
    lateS: seconds("late_s", 0, 0),
    slaBps: fields.get("sla_bps", isBps, SLA_BPS),
  };
}

function readMilestones(
  value: Json | undefined,
  rail: Rail,
  { minor }: Amount,
): readonly Planned[] {
  if (rail === "amp-subscription") {
    if (value !== undefined) reject("invalid_milestones");
    return [];
  }
  if (value === undefined) return [{ on: "done", pct: 100, minor }];
  if (rail !== "amp-escrow" || !Array.isArray(value)) reject("invalid_milestones");
  if (value.length === 0 || value.length > MILESTONES_MAX) reject("invalid_milestones");
  const items: readonly Json[] = value;
  const read = items.map((item) => {
    const fields = new Fields(item, "invalid_milestones").only(["on", "pct"]);
    const isPct = (given: unknown): given is number => isWhole(given, 1, 100);
    return { on: fields.text("on", (on) => MILESTONE.test(on)), pct: fields.get("pct", isPct) };
  });
  const isSum = read.reduce((sum, { pct }) => sum + pct, 0) === 100;
  if (!isSum || new Set(read.map(({ on }) => on)).size < read.length) reject("invalid_milestones");
  const parts = share(
    minor,
    read.map(({ pct }) => pct),
  );
  return read.map((one, index) => ({ ...one, minor: parts[index] ?? 0 }));
}

function readSplit(value: Json | undefined, rail: Rail): readonly SplitPart[] | null {
  if (rail !== "amp-split") return value === undefined ? null : reject("invalid_split");
  if (!Array.isArray(value) || value.length < 2 || value.length > SPLIT_MAX)
    return reject("invalid_split");
  const items: readonly Json[] = value;
  const read = items.map((item) => {
    const fields = new Fields(item, "invalid_split").only(["to", "bps"]);
    const isBps = (given: unknown): given is number => isWhole(given, 1, 10_000);
    return { to: fields.text("to", isDid), bps: fields.get("bps", isBps) };
  });
  const isSum = read.reduce((sum, { bps }) => sum + bps, 0) === 10_000;
  const isUnique = new Set(read.map(({ to }) => to)).size === read.length;
  return isSum && isUnique ? read : reject("invalid_split");
}

function readCycle(fields: Fields, rail: Rail): Cycle | null {
  const isCycle = (value: unknown): value is JsonObject =>
    isJsonObject(value) === (rail === "amp-subscription");
  if (rail !== "amp-subscription") return fields.get("cycle", neverPresent, null);
  fields.get("cycle", isCycle);
  const cycle = fields.fields("cycle").only(["every", "count"]);
  const isCount = (value: unknown): value is number => isWhole(value, 1, CYCLES_MAX);
  const isEvery = (text: string) => isText(text, 16) && EVERY.test(text);
  return { every: cycle.text("every", isEvery), count: cycle.get("count", isCount, null) };
}

function neverPresent(_value: unknown): _value is never {
  return false;
}

const MS = { S: 1_000, M: 60_000, H: 3_600_000, D: 86_400_000, W: 604_800_000 } as const;

/** Unix milliseconds of `count` periods after `start`; months end with their last day. */
export function afterCycles(start: number, every: string, count: number): number {
  const [, time, unit, days, dayUnit] = EVERY.exec(every) ?? [];
  if (time !== undefined) {
    const ms = unit === "S" ? MS.S : unit === "M" ? MS.M : MS.H;
    return start + count * Number(time) * ms;
  }
  const periods = count * Number(days);
  if (dayUnit !== "M") return start + periods * (dayUnit === "W" ? MS.W : MS.D);
  const from = new Date(start);
  const first = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + periods, 1);
  const month = new Date(first);
  const last = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), last);
  return first + (day - 1) * MS.D + (start % MS.D);
}
