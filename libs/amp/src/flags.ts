/**
 * Hints at an injection in subject, message and context. They are hints: nothing is altered, and
 * who reads them decides.
 */
import { PATTERNS, type Severity } from "./patterns.ts";

export type Flags = {
  /** Categories, each once, in the order of the patterns. */
  readonly categories: readonly string[];
  /** The worst of them; null without a hit. */
  readonly severity: Severity | null;
};

const SEVERITIES: readonly Severity[] = ["low", "medium", "high", "critical"];
/** Characters that are looked at: the largest message with its context has fewer. */
const CHARACTERS_MAX = 524_288;
const ZERO_WIDTH = /[\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]/g;
const HIDDEN = /[A-Za-z][\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff][A-Za-z]/;
const MIXED = /[a-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][a-z]/i;
/** Characters of base64 that can hold an instruction. */
const BASE64 = /[A-Za-z0-9+/]{24,}/g;
/** Pieces of base64 that are looked into. */
const PIECES_MAX = 32;

export function flagsOf(texts: readonly string[]): Flags {
  return worst(texts.flatMap((text) => hitsOf(text.slice(0, CHARACTERS_MAX), true)));
}

/** Whether the texts, joined, have a hit that none has alone; `known` is what those have. */
export function isSplit(
  texts: readonly string[],
  known: readonly string[] = texts.flatMap((text) => flagsOf([text]).categories),
): boolean {
  const alone = new Set(known);
  const joined = [texts.join(" "), texts.join("")];
  return joined.some((text) => flagsOf([text]).categories.some((one) => !alone.has(one)));
}

/** All strings of a value, at any depth; keys too. */
export function stringsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(stringsOf);
  return Object.entries(value).flatMap(([key, one]) => [key, ...stringsOf(one)]);
}

type Hit = { readonly category: string; readonly severity: Severity };

function hitsOf(text: string, decode: boolean): readonly Hit[] {
  const folded = text.normalize("NFKC").replace(ZERO_WIDTH, "").toLowerCase();
  const flat = folded.replace(/[\t\n\r\u00a0 ]+/g, " ");
  const isFlat = flat === folded;
  const plain = PATTERNS.filter(({ find }) => find.test(flat) || (!isFlat && find.test(folded)));
  if (!decode) return plain;
  const encoded = isEncoded(text);
  return encoded ? [...plain, { category: "encoding_tricks", severity: encoded }] : plain;
}

function isEncoded(text: string): Severity | null {
  const pieces = (text.match(BASE64) ?? []).slice(0, PIECES_MAX);
  const decoded = pieces.map((piece) => Buffer.from(piece, "base64").toString("utf8"));
  if (decoded.some((piece) => hitsOf(piece, false).length > 0)) return "high";
  return HIDDEN.test(text) || MIXED.test(text) ? "medium" : null;
}

function worst(hits: readonly Hit[]): Flags {
  const categories = [...new Set(hits.map(({ category }) => category))];
  const rank = Math.max(-1, ...hits.map(({ severity }) => SEVERITIES.indexOf(severity)));
  return { categories, severity: SEVERITIES[rank] ?? null };
}
