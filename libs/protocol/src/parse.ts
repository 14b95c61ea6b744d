/**
 * A client's frame, from its bytes (§4.3–4.4). Nearly every frame is a token in one of two spellings;
 * `findTokenData` recognises those without making a string, and everything else, however unusual, goes
 * to `parseClientFrame`. The two agree on every text: a property test holds them to it.
 */
import type { FrameFault } from "./close.ts";
import type { ClientFrame } from "./frames.ts";
import { isRecord, type Json, type JsonText, readMembers, utf8Bytes } from "./json.ts";
import { METADATA_BYTES_MAX, TOKEN_BYTES_MAX } from "./limits.ts";

/** How `JSON.stringify` writes a token frame, up to its data, and how Python's `json.dumps` does. */
const SPELLINGS = ['{"type":"token","data":"', '{"type": "token", "data": "'].map((text) =>
  new TextEncoder().encode(text),
);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSING_BRACE = 0x7d;

/** 1 for the bytes that can't stand in a JSON string as they are. */
const SPECIAL = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte < 0x20 || byte === QUOTE || byte === BACKSLASH),
);

/** Bytes from which on looking at words pays for the view that it takes. */
const LONG_BYTES = 128;

/** Where the raw data of a token lies in its frame, quotes included. */
export type DataSpan = { start: number; end: number };

/**
 * True when the frame is a token in a common spelling, within its size and without an escape; `span` then
 * says where its data lies. False means nothing but "look closer". The bytes must be valid UTF-8.
 */
export function findTokenData(frame: Uint8Array, span: DataSpan): boolean {
  for (const spelling of SPELLINGS) {
    const start = spelling.length;
    const last = frame.length - 1;
    if (last - 1 < start || frame[last] !== CLOSING_BRACE || frame[last - 1] !== QUOTE) continue;
    if (last - 1 - start > TOKEN_BYTES_MAX || !startsWith(frame, spelling)) continue;
    if (!isPlain(frame, start, last - 1)) return false;
    span.start = start - 1;
    span.end = last;
    return true;
  }
  return false;
}

/** The frame that this text is, or its fault. */
export function parseClientFrame(text: string): ClientFrame | FrameFault {
  const members = readMembers(text);
  const type = stringOf(members?.get("type"));
  if (members === null || type === null) return "malformed_frame";
  switch (type) {
    case "token": {
      const data = members.get("data");
      const value = stringOf(data);
      if (data === undefined || value === null) return "malformed_frame";
      return utf8Bytes(value) <= TOKEN_BYTES_MAX ? { type, data: data.text } : "malformed_frame";
    }
    case "set_metadata": {
      const metadata = checkMetadata(members.get("metadata"));
      return metadata === null ? "malformed_frame" : { type, metadata };
    }
    case "ping":
      return { type };
    default:
      return type.startsWith("x_") ? { type: "extension" } : "unknown_frame_type";
  }
}

/** Metadata that the wire carries: an object of at most `METADATA_BYTES_MAX` bytes, else null. */
export function checkMetadata(json: Json | undefined): JsonText | null {
  if (json === undefined || !isRecord(json.text)) return null;
  return json.bytes <= METADATA_BYTES_MAX ? json.text : null;
}

function stringOf(json: Json | undefined): string | null {
  return json?.text.startsWith('"') ? JSON.parse(json.text) : null;
}

function startsWith(frame: Uint8Array, prefix: Uint8Array): boolean {
  for (let index = 0; index < prefix.length; index += 1) {
    if (frame[index] !== prefix[index]) return false;
  }
  return true;
}

/** No quote, no backslash, no control character: the bytes are the inside of a JSON string as they stand. */
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

function isPlainByBytes(frame: Uint8Array, start: number, end: number): boolean {
  let special = 0;
  for (let index = start; index < end; index += 1) special |= SPECIAL[frame[index] ?? 0] ?? 1;
  return special === 0;
}

/**
 * Four bytes at a time, several times faster than byte by byte. `(x - 1) & ~x` has the highest bit of a byte set when that
 * byte of x is 0, and likewise `(x - 32) & ~x` when it is below 32; only a byte of which this is true can disturb its neighbour.
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
