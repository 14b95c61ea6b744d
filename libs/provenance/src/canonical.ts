/** Canonical JSON (RFC 8785, JCS): one text for one value. */
import { utf8 } from "./bytes.ts";

/**
 * Members sorted by UTF-16 code units at every depth, no white space, numbers and strings as
 * ECMAScript writes them. What is no plain data is a programmer's mistake and throws.
 */
export function canonical(value: unknown): string {
  return write(value, 0);
}

export function canonicalBytes(value: unknown): Uint8Array {
  return utf8(canonical(value));
}

/** Deeper than any value that `parseStrict` returns; a cycle ends here. */
const DEPTH_MAX = 64;

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw new TypeError("a lone surrogate is not JSON");
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError("a number is finite");
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (depth >= DEPTH_MAX) throw new TypeError("deeper than canonical JSON may be");
      return Array.isArray(value) ? writeArray(value, depth) : writeObject(value, depth);
    default:
      throw new TypeError(`${typeof value} is not JSON`);
  }
}

function writeArray(items: readonly unknown[], depth: number): string {
  if (Object.keys(items).length !== items.length) throw new TypeError("a sparse array is not JSON");
  return `[${items.map((item) => write(item, depth + 1)).join(",")}]`;
}

function writeObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError("only plain objects are JSON");
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw new TypeError("a symbol is not the name of a member");
  if (typeof Reflect.get(value, "toJSON") === "function") throw new TypeError("toJSON is not JSON");
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = members.map(([name, member]) => {
    if (!name.isWellFormed()) throw new TypeError("a lone surrogate is not JSON");
    return `${JSON.stringify(name)}:${write(member, depth + 1)}`;
  });
  return `{${texts.join(",")}}`;
}
