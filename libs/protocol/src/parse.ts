/**
 * A client's frame (§4.3–4.4). Nearly every frame is a token that `findTokenData` recognises
 * (token-data.ts); `isExtension` recognises those that are ignored unread, and everything else,
 * however unusual, goes to `parseClientFrame`. They agree on every text: property tests hold them
 * to it.
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
  withFewestEscapes,
} from "./json.ts";
import {
  FRAME_JSON_TOKENS_MAX,
  METADATA_BYTES_MAX,
  OTHER_FRAME_BYTES_MAX,
  TOKEN_BYTES_MAX,
  TOKEN_FRAME_BYTES_MAX,
} from "./limits.ts";

/** What is between the signs of an extension's beginning, and between them any white space. */
const EXTENSION_BYTES = ["{", '"type"', ":", '"x_'].map((text) => new TextEncoder().encode(text));
const EXTENSION = /^[ \t\r\n]*\{[ \t\r\n]*"type"[ \t\r\n]*:[ \t\r\n]*"x_/;

/**
 * True when the first member is a `type` of `x_…`: the frame is ignored unread, whatever follows
 * (§4.2).
 */
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

/**
 * Metadata that the wire carries: an object of at most `METADATA_BYTES_MAX` bytes, else null. It is
 * kept as it was written, unless needless escapes make that larger than the limit: every joiner of
 * a roster is sent it.
 */
export function checkMetadata(json: Json | undefined): JsonText | null {
  if (json === undefined || !isRecord(json.text) || json.bytes > METADATA_BYTES_MAX) return null;
  const { text } = json;
  return detach(utf8Bytes(text) <= METADATA_BYTES_MAX ? text : withFewestEscapes(text));
}

/**
 * The same text in memory of its own: metadata is kept for as long as its stream lives, the frame
 * around it is not.
 */
function detach(text: JsonText): JsonText {
  return trustJsonText(` ${text}`.slice(1));
}

function stringOf(json: Json | undefined): string | null {
  return json?.text.startsWith('"') ? JSON.parse(json.text) : null;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
