/**
 * A JSON text with what `JSON.parse` forgets: the spelling of numbers, the order of keys, and where
 * each value lies in the text. A payload is carried as text, so that it reaches the recipient as it
 * was sent.
 */
import { JSON_DEPTH_MAX, JSON_VALUES_MAX } from "./limits.ts";

export type JsonNode = { readonly start: number; readonly end: number } & (
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, JsonNode])[] }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly raw: string }
  | { readonly kind: "literal"; readonly value: boolean | null }
);

export type JsonText = {
  readonly text: string;
  readonly value: unknown;
  readonly root: JsonNode;
};

/** Why a text isn't read: `repeated` has a key twice in one object, so two readers may differ. */
export type JsonFault = "malformed" | "too_deep" | "too_many" | "repeated";

export type JsonReading =
  | { readonly ok: true; readonly json: JsonText }
  | { readonly ok: false; readonly fault: JsonFault };

export function readJson(text: string): JsonReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, fault: "malformed" };
  }
  const reader = new Reader(text);
  const root = reader.read(0);
  return root === null
    ? { ok: false, fault: reader.fault }
    : { ok: true, json: { text, value, root } };
}

/** The value of a key of an object; null where it isn't there. */
export function memberOf(node: JsonNode, name: string): JsonNode | null {
  if (node.kind !== "object") return null;
  return node.entries.find(([key]) => key === name)?.[1] ?? null;
}

/** The text of a value, as it was sent. */
export function sourceOf({ text }: JsonText, { start, end }: JsonNode): string {
  return text.slice(start, end);
}

/** A number as ECMAScript prints its double. */
export function plainNumber(raw: string): string {
  return String(Number(raw) || 0);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACES = new Set([0x20, 0x0a, 0x0d, 0x09]);
const WORDS = { t: true, f: false, n: null } as const;

/** Reads a text that `JSON.parse` has accepted: its syntax isn't checked again. */
class Reader {
  fault: JsonFault = "malformed";
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(depth: number): JsonNode | null {
    if (depth > JSON_DEPTH_MAX) return this.#fail("too_deep");
    this.#values += 1;
    if (this.#values > JSON_VALUES_MAX) return this.#fail("too_many");
    this.#skip();
    const start = this.#at;
    const first = this.#text[start] ?? "";
    switch (first) {
      case "{":
        return this.#object(start, depth);
      case "[":
        return this.#array(start, depth);
      case '"': {
        const value = this.#string();
        return { kind: "string", value, start, end: this.#at };
      }
      case "t":
      case "f":
      case "n":
        this.#at += first === "f" ? 5 : 4;
        return { kind: "literal", value: WORDS[first], start, end: this.#at };
      default:
        return this.#number(start);
    }
  }

  #object(start: number, depth: number): JsonNode | null {
    const entries: (readonly [string, JsonNode])[] = [];
    const keys = new Set<string>();
    this.#at += 1;
    for (this.#skip(); this.#text[this.#at] !== "}"; this.#skipComma()) {
      const key = this.#string();
      if (keys.has(key)) return this.#fail("repeated");
      keys.add(key);
      this.#skip();
      this.#at += 1; // The colon.
      const value = this.read(depth + 1);
      if (value === null) return null;
      entries.push([key, value]);
    }
    this.#at += 1;
    return { kind: "object", entries, start, end: this.#at };
  }

  #array(start: number, depth: number): JsonNode | null {
    const items: JsonNode[] = [];
    this.#at += 1;
    for (this.#skip(); this.#text[this.#at] !== "]"; this.#skipComma()) {
      const item = this.read(depth + 1);
      if (item === null) return null;
      items.push(item);
    }
    this.#at += 1;
    return { kind: "array", items, start, end: this.#at };
  }

  #string(): string {
    const start = this.#at;
    let at = start + 1;
    let escaped = false;
    for (let code = this.#text.charCodeAt(at); code !== QUOTE; code = this.#text.charCodeAt(at)) {
      if (code === BACKSLASH) {
        escaped = true;
        at += 1;
      }
      at += 1;
    }
    this.#at = at + 1;
    if (!escaped) return this.#text.slice(start + 1, at);
    return String(JSON.parse(this.#text.slice(start, at + 1)));
  }

  #number(start: number): JsonNode | null {
    while (/[-+.0-9eE]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    const raw = this.#text.slice(start, this.#at);
    // One that no double holds has no canonical form.
    if (raw === "" || !Number.isFinite(Number(raw))) return this.#fail("malformed");
    return { kind: "number", raw, start, end: this.#at };
  }

  #skip(): void {
    while (SPACES.has(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #skipComma(): void {
    this.#skip();
    if (this.#text[this.#at] === ",") this.#at += 1;
    this.#skip();
  }

  #fail(fault: JsonFault): null {
    this.fault = fault;
    return null;
  }
}
