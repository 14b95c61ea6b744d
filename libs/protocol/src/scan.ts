/**
 * One pass over a text that claims to be JSON, before anything is built from it: how many tokens it
 * has, how deep it goes, how large its compact form is, and where the members of its outermost
 * object are. The grammar is left to `JSON.parse`: of a text that it refuses, a scan says nothing
 * true, but stays within its bounds.
 */
import { JSON_DEPTH_MAX } from "./limits.ts";

export type Scan = {
  /** The text without white space between its tokens. */
  readonly compact: string;
  /** Bytes of UTF-8 of the compact text, with no more escapes than `JSON.stringify` writes. */
  readonly bytes: number;
  /** Strings, numbers, words and signs. */
  readonly tokens: number;
  /** The members of the outermost object, `SPAN` numbers each. */
  readonly spans: readonly number[];
};

/** For one member: key from and to, in the text; value from and to, in `compact`; its bytes. */
export const SPAN = 5;

const QUOTE = 0x22;
const COMMA = 0x2c;
const SLASH = 0x2f;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/** What a code unit begins, between tokens. */
const WORD = 0;
const SPACE = 1;
const STRING = 2;
const SEPARATOR = 3;
const OPENING = 4;
const CLOSING = 5;
const KIND = new Uint8Array(128);
KIND.fill(SPACE, 0x09, 0x0b);
KIND[0x0d] = SPACE;
KIND[0x20] = SPACE;
KIND[QUOTE] = STRING;
KIND[COMMA] = SEPARATOR;
KIND[COLON] = SEPARATOR;
KIND[0x5b] = OPENING;
KIND[0x7b] = OPENING;
KIND[0x5d] = CLOSING;
KIND[0x7d] = CLOSING;

/** The value of a hexadecimal digit. */
const HEX = new Uint8Array(128);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  HEX[digit.charCodeAt(0)] = value;
  HEX[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Bytes of the string that `stringEnd` passed over last. */
let stringBytes = 0;

/**
 * Null when the text has more than `tokensMax` tokens or is nested deeper than `JSON_DEPTH_MAX`.
 */
export function scanJson(text: string, tokensMax: number): Scan | null {
  const spans: number[] = [];
  let compact = ""; // Of the text up to `copiedTo`.
  let copiedTo = 0;
  let bytes = 0;
  let tokens = 0;
  let depth = 0;
  let stringFrom = 0; // The string that was read last: a key, when a colon follows.
  let stringTo = 0;
  let keyFrom = 0;
  let keyTo = 0;
  let valueFrom = -1; // In the compact text; -1 while no member of the outermost object is open.
  let bytesFrom = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    const kind = kindOf(code);
    if (kind === SPACE) {
      compact += text.slice(copiedTo, at);
      at = spaceEnd(text, at);
      copiedTo = at;
      continue;
    }
    tokens += 1;
    if (tokens > tokensMax) return null;
    if (kind === STRING) {
      stringFrom = at;
      at = stringEnd(text, at);
      stringTo = at;
      bytes += stringBytes;
      continue;
    }
    if (kind === WORD) {
      const end = wordEnd(text, at);
      bytes += end - at;
      at = end;
      continue;
    }
    if (depth === 1 && valueFrom >= 0 && (code === COMMA || kind === CLOSING)) {
      const valueTo = compact.length + at - copiedTo;
      spans.push(keyFrom, keyTo, valueFrom, valueTo, bytes - bytesFrom);
      valueFrom = -1;
    }
    at += 1;
    bytes += 1;
    if (kind === OPENING) depth += 1;
    else if (kind === CLOSING) depth -= 1;
    else if (code === COLON && depth === 1) {
      keyFrom = stringFrom;
      keyTo = stringTo;
      valueFrom = compact.length + at - copiedTo;
      bytesFrom = bytes;
    }
    if (depth > JSON_DEPTH_MAX) return null;
  }
  return { compact: compact + text.slice(copiedTo), bytes, tokens, spans };
}

function spaceEnd(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && kindOf(text.charCodeAt(end)) === SPACE) end += 1;
  return end;
}

/** Reads inside the table only: one read outside of it makes the engine's code slow for good. */
function kindOf(code: number): number {
  return code < 128 ? (KIND[code] ?? WORD) : WORD;
}

function wordEnd(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && kindOf(text.charCodeAt(end)) === WORD) end += 1;
  return end;
}

/** Where the string that begins at `at` ends; `stringBytes` is then its size. */
function stringEnd(text: string, at: number): number {
  let end = at + 1;
  let bytes = 2;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (code === QUOTE) break;
    if (code < 0x80 && code !== BACKSLASH) {
      end += 1;
      bytes += 1;
    } else if (code === BACKSLASH && text.charCodeAt(end + 1) !== LOWER_U) {
      bytes += text.charCodeAt(end + 1) === SLASH ? 1 : 2;
      end += 2;
    } else {
      const unit = unitAt(text, end);
      const next = end + (code === BACKSLASH ? 6 : 1);
      const isPair = isHigh(unit) && isLow(unitAt(text, next));
      bytes += isPair ? 4 : unitBytes(unit);
      end = isPair ? next + (text.charCodeAt(next) === BACKSLASH ? 6 : 1) : next;
    }
  }
  stringBytes = bytes;
  return end + 1;
}

/** The UTF-16 unit that is written here, as itself or as `\u` and digits; 0 for another escape. */
function unitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code !== BACKSLASH) return code;
  if (text.charCodeAt(at + 1) !== LOWER_U) return 0;
  let unit = 0;
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    const hex = text.charCodeAt(digit); // NaN after the end, which is below nothing.
    unit = unit * 16 + (hex < 128 ? (HEX[hex] ?? 0) : 0);
  }
  return unit;
}

/** Bytes of a unit that is no part of a pair, as `JSON.stringify` writes it. */
function unitBytes(unit: number): number {
  if (unit < 0x20) return unit === 0x0b || unit < 0x08 || unit > 0x0d ? 6 : 2;
  if (unit < 0x80) return unit === QUOTE || unit === BACKSLASH ? 2 : 1;
  if (unit < 0x800) return 2;
  return isHigh(unit) || isLow(unit) ? 6 : 3;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
