/**
 * JSON that is carried and not understood. A value stays the text that its author wrote, digit for
 * digit; only white space between tokens is taken out. A scan bounds it and finds its members, then
 * `JSON.parse` judges the grammar.
 */
import { JSON_TOKENS_MAX } from "./limits.ts";
import { type Scan, SPAN, scanJson } from "./scan.ts";

declare const brand: unique symbol;
/** Well-formed JSON without white space between its tokens. */
export type JsonText = string & { readonly [brand]: "JsonText" };

export type Json = {
  readonly text: JsonText;
  /** Bytes of UTF-8, each string counted with no more escapes than JSON needs. */
  readonly bytes: number;
};

/** The empty object: the metadata of whoever gave none. */
export const EMPTY_OBJECT = /* @__PURE__ */ emptyObject();

/** What it took to read a text: its JSON tokens (§1.10), or the limit when there were more. */
export type JsonWork = { tokens: number };

/** A whole JSON document; null when it isn't JSON, is nested too deep or has too many tokens. */
export function readJson(text: string, tokensMax = JSON_TOKENS_MAX): Json | null {
  const scan = read(text, tokensMax);
  return scan === null ? null : { text: asJsonText(scan.compact), bytes: scan.bytes };
}

/**
 * The members of a JSON object, each with its raw value; of a key that occurs twice the last. Null
 * when it isn't an object.
 */
export function readMembers(
  text: string,
  tokensMax = JSON_TOKENS_MAX,
  work?: JsonWork,
): ReadonlyMap<string, Json> | null {
  const scan = read(text, tokensMax, work);
  if (scan === null || !scan.compact.startsWith("{")) return null;
  const { compact, spans } = scan;
  const members = new Map<string, Json>();
  for (let at = 0; at < spans.length; at += SPAN) {
    const key = keyOf(text.slice(spans[at], spans[at + 1]));
    const value = asJsonText(compact.slice(spans[at + 2], spans[at + 3]));
    members.set(key, { text: value, bytes: spans[at + 4] ?? 0 });
  }
  return members;
}

/** True when this JSON is an object. */
export function isRecord(json: JsonText): boolean {
  return json.startsWith("{");
}

/** Bytes of UTF-8 that this text takes; a lone surrogate counts 3. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    if (code < 0x800) bytes += 1;
    else if (isPair(code, text.charCodeAt(index + 1))) {
      bytes += 2; // Four bytes for the two units that `length` has counted.
      index += 1;
    } else bytes += 2;
  }
  return bytes;
}

/** The same JSON value, each string with the escapes that `JSON.stringify` writes. */
export function withFewestEscapes(text: JsonText): JsonText {
  let rewritten = "";
  let copiedTo = 0;
  for (let from = text.indexOf('"'); from >= 0; from = text.indexOf('"', copiedTo)) {
    const to = stringEnd(text, from);
    const literal = text.slice(from, to);
    const written = literal.includes("\\") ? JSON.stringify(JSON.parse(literal)) : literal;
    rewritten += text.slice(copiedTo, from) + written;
    copiedTo = to;
  }
  return asJsonText(rewritten + text.slice(copiedTo));
}

/** Behind the closing quote of the string that begins here. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** A JSON object put together from raw members, in the order given; absent members are left out. */
export function joinMembers(members: Readonly<Record<string, JsonText | undefined>>): JsonText {
  const parts = Object.entries(members).flatMap(([key, value]) =>
    value === undefined ? [] : [`${JSON.stringify(key)}:${value}`],
  );
  return asJsonText(`{${parts.join(",")}}`);
}

/** The JSON text of a value that the broker itself made. */
export function toJsonText(value: string | number | boolean | null | readonly string[]): JsonText {
  return asJsonText(JSON.stringify(value));
}

/**
 * Marks text as JSON that is known to be compact and well-formed: what this library or a store of
 * ours wrote.
 */
export function trustJsonText(text: string): JsonText {
  return asJsonText(text);
}

function isPair(high: number, low: number): boolean {
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}

/** Bounded before anything is built of it. */
function read(text: string, tokensMax: number, work?: JsonWork): Scan | null {
  const scan = scanJson(text, tokensMax);
  if (work !== undefined) work.tokens = scan?.tokens ?? tokensMax;
  return scan !== null && isJson(text) ? scan : null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function keyOf(quoted: string): string {
  return quoted.includes("\\") ? JSON.parse(quoted) : quoted.slice(1, -1);
}

function emptyObject(): JsonText {
  return asJsonText("{}");
}

function asJsonText(text: string): JsonText {
  return text as JsonText;
}
