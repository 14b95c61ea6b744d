/**
 * A client's frame, from its bytes (§4.3–4.4). Nearly every frame is a token in one of two spellings;
 * `findTokenData` recognises those without making a string, `isExtension` those that are ignored unread, and
 * everything else, however unusual, goes to `parseClientFrame`. They agree on every text: a property test holds them to it.
 */
import type { FrameFault } from "./close.ts";
import type { ClientFrame } from "./frames.ts";
import {
  isRecord,
  type Json,
  type JsonText,
  type JsonWork,
  readMembers,
  trustJsonText,
  utf8Bytes,
} from "./json.ts";
import {
  FRAME_JSON_TOKENS_MAX,
  METADATA_BYTES_MAX,
  OTHER_FRAME_BYTES_MAX,
  TOKEN_BYTES_MAX,
  TOKEN_FRAME_BYTES_MAX,
} from "./limits.ts";

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

/** What stands between the signs of an extension's beginning, and between them any white space. */
const EXTENSION_BYTES = ["{", '"type"', ":", '"x_'].map((text) => new TextEncoder().encode(text));
const EXTENSION = /^[ \t\r\n]*\{[ \t\r\n]*"type"[ \t\r\n]*:[ \t\r\n]*"x_/;

/** True when the first member is a `type` of `x_…`: the frame is ignored unread, whatever follows (§4.2). */
export function isExtension(frame: Uint8Array): boolean {
  let at = 0;
  for (const sign of EXTENSION_BYTES) {
    while (isSpace(frame[at] ?? 0)) at += 1;
    for (const byte of sign) {
      if (frame[at] !== byte) return false;
      at += 1;
    }
  }
  return true;
}

/** The frame that this text of so many bytes is, or its fault. `work` says what reading it took. */
export function parseClientFrame(
  text: string,
  bytes = utf8Bytes(text),
  work?: JsonWork,
): ClientFrame | FrameFault {
  if (EXTENSION.test(text)) return { type: "extension" };
  if (bytes > TOKEN_FRAME_BYTES_MAX) return "malformed_frame";
  const members = readMembers(text, FRAME_JSON_TOKENS_MAX, work);
  const type = stringOf(members?.get("type"));
  if (members === null || type === null) return "malformed_frame";
  if (type === "token") return readToken(members.get("data"));
  if (bytes > OTHER_FRAME_BYTES_MAX) return "malformed_frame";
  switch (type) {
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

function readToken(data: Json | undefined): ClientFrame | FrameFault {
  if (!data?.text.startsWith('"')) return "malformed_frame";
  // No unit of a text, escaped or not, takes more than 3 bytes: most tokens need no second look.
  const fits =
    data.text.length * 3 <= TOKEN_BYTES_MAX || utf8Bytes(stringOf(data) ?? "") <= TOKEN_BYTES_MAX;
  return fits ? { type: "token", data: data.text } : "malformed_frame";
}

/** Metadata that the wire carries: an object of at most `METADATA_BYTES_MAX` bytes, else null. */
export function checkMetadata(json: Json | undefined): JsonText | null {
  if (json === undefined || !isRecord(json.text)) return null;
  return json.bytes <= METADATA_BYTES_MAX ? detach(json.text) : null;
}

/** The same text in memory of its own: metadata is kept for as long as its stream lives, the frame around it is not. */
function detach(text: JsonText): JsonText {
  return trustJsonText(` ${text}`.slice(1));
}

function stringOf(json: Json | undefined): string | null {
  return json?.text.startsWith('"') ? JSON.parse(json.text) : null;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
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
