/**
 * The quick way of a token: its data found in the bytes of its frame, when it is written as nearly
 * every client writes it, with escapes or without. No string is made. What is found is what
 * `parseClientFrame` finds.
 */
import { TOKEN_BYTES_MAX } from "./limits.ts";

/**
 * How `JSON.stringify` writes a token frame, up to its data, and how Python's `json.dumps` does.
 */
const SPELLINGS = ['{"type":"token","data":"', '{"type": "token", "data": "'].map((text) =>
  new TextEncoder().encode(text),
);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSING_BRACE = 0x7d;

/** 1 for the bytes that can't be in a JSON string as they are. */
const SPECIAL = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte < 0x20 || byte === QUOTE || byte === BACKSLASH),
);

/** Bytes from which on looking at words pays for the view that it takes. */
const LONG_BYTES = 128;

/** Bytes of the longest escape, `\u` and four digits: a byte of data takes no more. */
const ESCAPE_BYTES = 6;

const LOWER_U = 0x75;

/** 1 for the bytes that may follow a backslash, but for `u`. */
const ESCAPES = new Uint8Array(256);
for (const byte of new TextEncoder().encode('"\\/bfnrt')) ESCAPES[byte] = 1;

/** The value of a hexadecimal digit; 16 for any other byte. */
const HEX = new Uint8Array(256).fill(16);
for (const [value, byte] of new TextEncoder().encode("0123456789abcdef").entries())
  HEX[byte] = value;
for (const [value, byte] of new TextEncoder().encode("ABCDEF").entries()) HEX[byte] = 10 + value;

/** Where the raw data of a token lies in its frame, quotes included. */
export type DataSpan = { start: number; end: number };

/**
 * True when the frame is a token in a common spelling and within its size, with escapes or without;
 * `span` then says where its data lies. False means nothing but "look closer". The bytes must be
 * valid UTF-8.
 */
export function findTokenData(frame: Uint8Array, span: DataSpan): boolean {
  for (const spelling of SPELLINGS) {
    const start = spelling.length;
    const last = frame.length - 1;
    if (last - 1 < start || frame[last] !== CLOSING_BRACE || frame[last - 1] !== QUOTE) continue;
    if (last - 1 - start > ESCAPE_BYTES * TOKEN_BYTES_MAX || !startsWith(frame, spelling)) continue;
    const isWithin = last - 1 - start <= TOKEN_BYTES_MAX;
    if (!(isWithin && isPlain(frame, start, last - 1)) && !isEscaped(frame, start, last - 1))
      return false;
    span.start = start - 1;
    span.end = last;
    return true;
  }
  return false;
}

function startsWith(frame: Uint8Array, prefix: Uint8Array): boolean {
  for (let index = 0; index < prefix.length; index += 1) {
    if (frame[index] !== prefix[index]) return false;
  }
  return true;
}

/**
 * No quote, no backslash, no control character: the bytes are the inside of a JSON string as they
 * be.
 */
function isPlain(frame: Uint8Array, start: number, end: number): boolean {
  if (end - start < LONG_BYTES) return isPlainByBytes(frame, start, end);
  const words = start + ((4 - ((frame.byteOffset + start) & 3)) & 3);
  const count = (end - words) >> 2;
  return (
    isPlainByBytes(frame, start, words) &&
    isPlainByWords(new Int32Array(frame.buffer, frame.byteOffset + words, count)) &&
    isPlainByBytes(frame, words + 4 * count, end)
  );
}

/** The bytes are the inside of a JSON string, whose text takes no more than a token may. */
function isEscaped(frame: Uint8Array, start: number, end: number): boolean {
  let size = 0;
  let isAfterHigh = false; // The escape before this place is the first half of a pair.
  for (let at = start; at < end; ) {
    const byte = frame[at] ?? 0;
    if (byte !== BACKSLASH) {
      if (SPECIAL[byte] !== 0) return false;
      size += 1;
      at += 1;
      isAfterHigh = false;
      continue;
    }
    const unit = escapedUnit(frame, at, end);
    if (unit < 0) return false;
    // 4 bytes for the pair, of which 3 are counted.
    size += isAfterHigh && isLow(unit) ? 1 : unitBytes(unit);
    isAfterHigh = unit >= 0xd800 && unit <= 0xdbff;
    at += frame[at + 1] === LOWER_U ? ESCAPE_BYTES : 2;
  }
  return size <= TOKEN_BYTES_MAX;
}

/**
 * The UTF-16 unit of the escape at this place, some ASCII one for `\n` and its like; -1 when it is
 * none.
 */
function escapedUnit(frame: Uint8Array, at: number, end: number): number {
  const kind = at + 1 < end ? (frame[at + 1] ?? 0) : 0;
  if (kind !== LOWER_U) return ESCAPES[kind] === 1 ? 0 : -1;
  if (at + ESCAPE_BYTES > end) return -1;
  let unit = 0;
  let isHex = true;
  for (let digit = at + 2; digit < at + ESCAPE_BYTES; digit += 1) {
    const value = HEX[frame[digit] ?? 0] ?? 16;
    isHex &&= value < 16;
    unit = unit * 16 + value;
  }
  return isHex ? unit : -1;
}

/** Bytes of UTF-8 of a unit by itself; a lone surrogate counts 3 (§4.3.1). */
function unitBytes(unit: number): number {
  if (unit < 0x80) return 1;
  return unit < 0x800 ? 2 : 3;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function isPlainByBytes(frame: Uint8Array, start: number, end: number): boolean {
  let special = 0;
  for (let index = start; index < end; index += 1) special |= SPECIAL[frame[index] ?? 0] ?? 1;
  return special === 0;
}

/**
 * Four bytes at a time, several times faster than byte by byte. `(x - 1) & ~x` has the highest bit
 * of a byte set when that byte of x is 0, and likewise `(x - 32) & ~x` when it is below 32; only a
 * byte of which this is true can disturb its neighbour.
 */
function isPlainByWords(words: Int32Array): boolean {
  let special = 0;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? 0;
    const quote = word ^ 0x22222222;
    const backslash = word ^ 0x5c5c5c5c;
    special |=
      ((word - 0x20202020) & ~word) |
      ((quote - 0x01010101) & ~quote) |
      ((backslash - 0x01010101) & ~backslash);
  }
  return (special & 0x80808080) === 0;
}
