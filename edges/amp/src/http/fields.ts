/** Fields of a request's JSON: absent and null are `missing_field`, the rest `invalid_field`. */
import { bad, badField, good, type Step } from "./answer.ts";

export type Members = Readonly<Record<string, unknown>>;

export function membersOf(value: unknown): Members | null {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? Object.fromEntries(Object.entries(value)) : null;
}

export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A needed text that `isGood` accepts; `rule` says what it must be. */
export function textField(
  value: unknown,
  field: string,
  isGood: (text: string) => boolean,
  rule: string,
): Step<string> {
  if (typeof value === "string" && isGood(value)) return good(value);
  return bad(badField(field, isAbsent(value), `${field} must be ${rule}.`));
}

/** The same where it may be absent, which is null. */
export function optionalText(
  value: unknown,
  field: string,
  isGood: (text: string) => boolean,
  rule: string,
): Step<string | null> {
  return isAbsent(value) ? good(null) : textField(value, field, isGood, rule);
}

/** An optional object of at most so many bytes of JSON. */
export function optionalObject(value: unknown, field: string, bytesMax: number) {
  if (isAbsent(value)) return good<Members | null>(null);
  const members = membersOf(value);
  if (members !== null && Buffer.byteLength(JSON.stringify(value)) <= bytesMax) {
    return good<Members | null>(members);
  }
  return bad(
    badField(field, false, `${field} must be an object of at most ${bytesMax} bytes of JSON.`),
  );
}

const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Unix milliseconds of an ISO 8601 time; null when it is none. */
export function timeOf(value: unknown): number | null {
  if (typeof value !== "string" || !DATE.test(value)) return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
