/**
 * Reads a JSON text and refuses what two readers could read differently. Of all faults of a text
 * the answer is the one that comes first in `ParseFault`, at its first offset.
 */
import { utf8 } from "./bytes.ts";
import type { Json } from "./json.ts";
import { JsonReader, LATE_FAULTS, type LateFault } from "./json-reader.ts";

/** In the order in which they are reported. */
export type ParseFault = "too_large" | "invalid_utf8" | "invalid_json" | LateFault;

export type Parsed<Value = Json> =
  | { readonly ok: true; readonly value: Value }
  /** `offset` in bytes, null where no single byte is at fault. */
  | { readonly ok: false; readonly fault: ParseFault; readonly offset: number | null };

export type ParseLimits = {
  /** Bytes of the whole text. */
  readonly bytes: number;
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function parseStrict(bytes: Uint8Array, limits: ParseLimits): Parsed {
  if (bytes.length > limits.bytes) return { ok: false, fault: "too_large", offset: null };
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return { ok: false, fault: "invalid_utf8", offset: 0 };
  const text = decode(bytes);
  if (text === null) return { ok: false, fault: "invalid_utf8", offset: badByte(bytes) };
  const reader = new JsonReader(text);
  const end = reader.read();
  if (end !== null) return { ok: false, fault: "invalid_json", offset: byteOffset(text, end) };
  for (const fault of LATE_FAULTS) {
    const at = reader.noted.get(fault);
    if (at !== undefined) return { ok: false, fault, offset: byteOffset(text, at) };
  }
  return { ok: true, value: reader.value() };
}

/** The same of a text. What no UTF-8 can hold is `invalid_utf8` too. */
export function parseStrictText(text: string, limits: ParseLimits): Parsed {
  if (text.length > limits.bytes) return { ok: false, fault: "too_large", offset: null };
  if (!text.isWellFormed()) return { ok: false, fault: "invalid_utf8", offset: null };
  return parseStrict(utf8(text), limits);
}

function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function byteOffset(text: string, at: number): number {
  return utf8(text.slice(0, at)).length;
}

/** The first byte from which on it is no UTF-8: the longest prefix that is, by halves. */
function badByte(bytes: Uint8Array): number {
  const streaming = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const isPrefix = (length: number): boolean => {
    try {
      streaming.decode(bytes.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    } finally {
      flush(streaming);
    }
  };
  let [good, bad] = [0, bytes.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isPrefix(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** Ends a stream that may stop within a character, so that the next one begins anew. */
function flush(streaming: TextDecoder): void {
  try {
    streaming.decode();
  } catch {
    // What it held back was no whole character.
  }
}
