/**
 * JSON that is carried and not understood. A value stays the text that its author wrote, digit for digit;
 * only white space between tokens is taken out. `JSON.parse` judges the grammar, the walk below finds
 * where values begin and end, how deep they go and how large they are.
 */
import { JSON_DEPTH_MAX } from "./limits.ts";

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

/** A whole JSON document, or null when it isn't JSON or is nested deeper than `JSON_DEPTH_MAX`. */
export function readJson(text: string): Json | null {
  return isJson(text) ? walk(text).root : null;
}

/** The members of a JSON object, each with its raw value; of a key that stands twice the last. Null when it isn't an object. */
export function readMembers(text: string): ReadonlyMap<string, Json> | null {
  if (!isJson(text)) return null;
  const { root, members } = walk(text);
  return root !== null && isRecord(root.text) ? members : null;
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

/** Marks text as JSON that is known to be compact and well-formed: what this library or a store of ours wrote. */
export function trustJsonText(text: string): JsonText {
  return asJsonText(text);
}

function isPair(high: number, low: number): boolean {
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

type Walk = { readonly root: Json | null; readonly members: ReadonlyMap<string, Json> };

/** Walks text that is known to be JSON, token by token; `root` is null when it is nested too deep. */
function walk(text: string): Walk {
  const members = new Map<string, Json>();
  const compact: string[] = [];
  let bytes = 0;
  let depth = 0;
  let key: string | null = null;
  let valueAt = 0; // Index in `compact` and count of bytes where the member's value began.
  let bytesAt = 0;

  const endMember = () => {
    if (key === null) return;
    const value = asJsonText(compact.slice(valueAt).join(""));
    members.delete(key);
    members.set(key, { text: value, bytes: bytes - bytesAt });
    key = null;
  };

  for (let at = 0; at < text.length; ) {
    const end = tokenEnd(text, at);
    const token = text.slice(at, end);
    at = end;
    if (isSpace(token.charCodeAt(0))) continue;
    if (depth === 1 && (token === "," || token === "}")) endMember();
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    if (depth > JSON_DEPTH_MAX) return { root: null, members };
    compact.push(token);
    bytes += tokenBytes(token);
    if (depth === 1 && token === ":") {
      key = JSON.parse(compact.at(-2) ?? '""');
      valueAt = compact.length;
      bytesAt = bytes;
    }
  }
  return { root: { text: asJsonText(compact.join("")), bytes }, members };
}

/** Where the token that begins at `at` ends: a string, a run of white space, one sign, or a number or word. */
function tokenEnd(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return stringEnd(text, at);
  if (isSign(first)) return at + 1;
  const space = isSpace(first);
  let end = at + 1;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (code === QUOTE || isSign(code) || isSpace(code) !== space) break;
    end += 1;
  }
  return end;
}

function stringEnd(text: string, at: number): number {
  let end = at + 1;
  while (text.charCodeAt(end) !== QUOTE) end += text.charCodeAt(end) === BACKSLASH ? 2 : 1;
  return end + 1;
}

function tokenBytes(token: string): number {
  if (token.charCodeAt(0) !== QUOTE) return token.length;
  return utf8Bytes(token.includes("\\") ? JSON.stringify(JSON.parse(token)) : token);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function isSign(code: number): boolean {
  return (
    code === 0x2c ||
    code === 0x3a ||
    code === 0x5b ||
    code === 0x5d ||
    code === 0x7b ||
    code === 0x7d
  );
}

function emptyObject(): JsonText {
  return asJsonText("{}");
}

function asJsonText(text: string): JsonText {
  return text as JsonText;
}
