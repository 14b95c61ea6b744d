/** Constraints of an intent (M2.2), and what a sub-delegation may make of them (M6.3). */
import type { JsonObject } from "@ams/provenance";
import { reject } from "./errors.ts";
import { Fields, isText, isWhole } from "./fields.ts";
import { DEPTH_MAX } from "./limits.ts";
import { type Amount, readAmount } from "./money/amounts.ts";

export type Constraints = {
  /** Unix milliseconds after which it is too late. */
  readonly deadline: number | null;
  readonly jurisdiction: readonly string[] | null;
  readonly budget: Amount | null;
  readonly maxDepth: number | null;
  readonly maxFanout: number | null;
  readonly dataClass: readonly string[] | null;
  readonly mesh: string | null;
};

export const NO_CONSTRAINTS: Constraints = {
  deadline: null,
  jurisdiction: null,
  budget: null,
  maxDepth: null,
  maxFanout: null,
  dataClass: null,
  mesh: null,
};

const KNOWN = "deadline jurisdiction budget max_depth max_fanout data_class mesh".split(" ");
const COUNTRY = /^[A-Z]{2}$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const LIST_MAX = 256;
const FANOUT_MAX = 256;
const DAY_MS = 86_400_000;

export function readConstraints(value: JsonObject): Constraints {
  const stranger = Object.keys(value).find(
    (name) => !KNOWN.includes(name) && !name.startsWith("x-"),
  );
  if (stranger !== undefined) reject("unknown_constraint", { field: stranger.slice(0, 64) });
  const fields = new Fields(value, "invalid_envelope", "intent.constraints");
  const country = fields.raw("jurisdiction");
  const single = typeof country === "string" && COUNTRY.test(country) ? [country] : null;
  const isDepth = (given: unknown): given is number => isWhole(given, 0, DEPTH_MAX);
  const isFanout = (given: unknown): given is number => isWhole(given, 0, FANOUT_MAX);
  const isClass = (text: string) => isText(text, 64);
  return {
    deadline: fields.has("deadline") ? readDeadline(fields) : null,
    jurisdiction: single ?? fields.texts("jurisdiction", LIST_MAX, (text) => COUNTRY.test(text)),
    budget: fields.has("budget") ? readAmount(fields.raw("budget")) : null,
    maxDepth: fields.get("max_depth", isDepth, null),
    maxFanout: fields.get("max_fanout", isFanout, null),
    dataClass: fields.texts("data_class", LIST_MAX, isClass),
    mesh: fields.has("mesh") ? fields.text("mesh", (text) => isText(text, 128)) : null,
  };
}

/** A date is the end of that day in UTC. */
function readDeadline(fields: Fields): number {
  const text = fields.text("deadline", (given) => parseDeadline(given) !== null);
  return parseDeadline(text) ?? 0;
}

export function parseDeadline(text: string): number | null {
  if (DATE.test(text)) {
    const start = Date.parse(`${text}T00:00:00Z`);
    const isDay = !Number.isNaN(start) && new Date(start).toISOString().startsWith(text);
    return isDay ? start + DAY_MS - 1 : null;
  }
  const at = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** What is left unsaid is inherited; what is said may only narrow. */
export function narrow(parent: Constraints, child: Constraints): Constraints {
  const widened = (field: string): never => reject("scope_widened", { field });
  const { deadline, jurisdiction, maxDepth, maxFanout, dataClass } = child;
  const isLater = deadline !== null && parent.deadline !== null && deadline > parent.deadline;
  if (isLater) widened("deadline");
  if (!isSubset(jurisdiction, parent.jurisdiction)) widened("jurisdiction");
  if (!isSubset(dataClass, parent.dataClass)) widened("data_class");
  const depth = parent.maxDepth === null ? null : parent.maxDepth - 1;
  if (depth !== null && depth < 0) widened("max_depth");
  if (depth !== null && maxDepth !== null && maxDepth > depth) widened("max_depth");
  const isWider = parent.maxFanout !== null && maxFanout !== null && maxFanout > parent.maxFanout;
  if (isWider) widened("max_fanout");
  return {
    deadline: deadline ?? parent.deadline,
    jurisdiction: jurisdiction ?? parent.jurisdiction,
    budget: child.budget ?? parent.budget,
    maxDepth: maxDepth ?? depth,
    maxFanout: maxFanout ?? parent.maxFanout,
    dataClass: dataClass ?? parent.dataClass,
    mesh: child.mesh ?? parent.mesh,
  };
}

function isSubset(child: readonly string[] | null, parent: readonly string[] | null): boolean {
  return child === null || parent === null || child.every((item) => parent.includes(item));
}
