/** What a magic link allows, in words for people. */
import type { LinkTerms } from "@ams/client";
import { untilTime } from "./time.ts";

/** Expiries that the page offers for a link; null is none. */
export const EXPIRIES: readonly { readonly label: string; readonly seconds: number | null }[] = [
  { label: "Never", seconds: null },
  { label: "In an hour", seconds: 3_600 },
  { label: "In a day", seconds: 86_400 },
  { label: "In a week", seconds: 604_800 },
];

/** The earlier of two times in ISO 8601; null is no end. */
export function earlierOf(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return Date.parse(a) < Date.parse(b) ? a : b;
}

/** Its limits, shortest first; "no limits" where it has none. */
export function limitsOf(terms: Omit<LinkTerms, "name">, nowMs: number): string {
  const { readOnly, streamName, expiresAt, maxJoins } = terms;
  const limits = [
    readOnly ? "read only" : "",
    streamName === null ? "" : `only as ${streamName}`,
    maxJoins === null ? "" : `for ${maxJoins === 1 ? "1 participant" : `${maxJoins} participants`}`,
    expiresAt === null ? "" : expiryOf(expiresAt, nowMs),
  ].filter((limit) => limit !== "");
  return limits.length === 0 ? "no limits" : limits.join(" · ");
}

function expiryOf(expiresAt: string, nowMs: number): string {
  const until = untilTime(expiresAt, nowMs);
  return Date.parse(expiresAt) <= nowMs ? `expired ${until}` : `until ${until}`;
}
