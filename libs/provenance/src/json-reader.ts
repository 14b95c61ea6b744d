/**
 * One pass over a JSON text. It keeps its own stack, so that no depth of the text is a depth of
 * calls. A text that is not JSON ends it; of every other fault it notes where it was first.
 */
import type { Json } from "./json.ts";

/** Those of a text that is JSON, in the order in which they are reported. */
export const LATE_FAULTS = [
  "duplicate_key",
  "invalid_unicode",
  "invalid_number",
  "too_deep",
  "too_many_members",
] as const;

export type LateFault = (typeof LATE_FAULTS)[number];

/** Objects and arrays within each other; the outermost is 1. */
export const JSON_DEPTH_MAX = 16;

/** Members of one object, items of one array. */
export const JSON_MEMBERS_MAX = 1_024;

type Open =
  | { readonly isArray: true; readonly value: Json[]; count: number }
  | {
      readonly isArray: false;
      readonly value: { [name: string]: Json };
      name: string;
      count: number;
    };

/** What may come next. */
type Next = "value" | "value or end" | "name" | "name or end" | "comma or end" | "nothing";

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LITERALS: readonly (readonly [string, Json])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export class JsonReader {
  /** Where each fault was first, in characters. */
  readonly noted = new Map<LateFault, number>();
  readonly #text: string;
  readonly #open: Open[] = [];
  #at = 0;
  #next: Next = "value";
  #root: Json = null;

  constructor(text: string) {
    this.#text = text;
  }

  value(): Json {
    return this.#root;
  }

  /** Null when all of it is one JSON text, else where it stops to be one. */
  read(): number | null {
    for (;;) {
      this.#skipSpace();
      if (this.#at >= this.#text.length) return this.#next === "nothing" ? null : this.#text.length;
      if (!this.#step()) return this.#at;
    }
  }

  /** One sign, name or value; false when it can't be here. */
  #step(): boolean {
    const sign = this.#text[this.#at] ?? "";
    switch (this.#next) {
      case "nothing":
        return false;
      case "comma or end":
        return sign === "," ? this.#comma() : this.#close(sign);
      case "value or end":
        return sign === "]" ? this.#close(sign) : this.#valueAt(sign);
      case "value":
        return this.#valueAt(sign);
      case "name or end":
        return sign === "}" ? this.#close(sign) : this.#nameAt(sign);
      case "name":
        return this.#nameAt(sign);
    }
  }

  #comma(): boolean {
    this.#at += 1;
    this.#next = this.#open.at(-1)?.isArray ? "value" : "name";
    return true;
  }

  #close(sign: string): boolean {
    const open = this.#open.at(-1);
    if (open === undefined || sign !== (open.isArray ? "]" : "}")) return false;
    this.#at += 1;
    this.#open.pop();
    this.#next = this.#open.length === 0 ? "nothing" : "comma or end";
    return true;
  }

  #nameAt(sign: string): boolean {
    const open = this.#open.at(-1);
    if (sign !== '"' || open === undefined || open.isArray) return false;
    const start = this.#at;
    const name = this.#string();
    if (name === null) return false;
    this.#skipSpace();
    if (this.#text[this.#at] !== ":") return false;
    this.#at += 1;
    if (Object.hasOwn(open.value, name)) this.#note("duplicate_key", start);
    open.name = name;
    this.#count(open, start);
    this.#next = "value";
    return true;
  }

  #valueAt(sign: string): boolean {
    const start = this.#at;
    const parent = this.#open.at(-1);
    if (parent?.isArray) this.#count(parent, start);
    if (sign === "{" || sign === "[") return this.#begin(sign, start);
    const value = sign === '"' ? this.#string() : this.#word(sign);
    if (value === undefined || (value === null && sign !== "n")) return false;
    this.#place(value);
    this.#next = this.#open.length === 0 ? "nothing" : "comma or end";
    return true;
  }

  #begin(sign: "{" | "[", start: number): boolean {
    const open: Open =
      sign === "["
        ? { isArray: true, value: [], count: 0 }
        : { isArray: false, value: {}, name: "", count: 0 };
    this.#place(open.value);
    this.#open.push(open);
    if (this.#open.length > JSON_DEPTH_MAX) this.#note("too_deep", start);
    this.#at += 1;
    this.#next = open.isArray ? "value or end" : "name or end";
    return true;
  }

  #place(value: Json): void {
    const open = this.#open.at(-1);
    if (open === undefined) this.#root = value;
    else if (open.isArray) open.value.push(value);
    else if (open.name === "__proto__") defineOwn(open.value, open.name, value);
    else open.value[open.name] = value;
  }

  #count(open: Open, start: number): void {
    open.count += 1;
    if (open.count > JSON_MEMBERS_MAX) this.#note("too_many_members", start);
  }

  /** A number or a literal; undefined for neither. */
  #word(sign: string): Json | undefined {
    for (const [text, value] of LITERALS) {
      if (sign !== text[0]) continue;
      if (!this.#text.startsWith(text, this.#at)) return undefined;
      this.#at += text.length;
      return value;
    }
    NUMBER.lastIndex = this.#at;
    const [digits] = NUMBER.exec(this.#text) ?? [];
    if (digits === undefined) return undefined;
    const number = Number(digits);
    const isTooLarge = Number.isInteger(number) && !Number.isSafeInteger(number);
    if (!Number.isFinite(number) || isTooLarge) this.#note("invalid_number", this.#at);
    this.#at += digits.length;
    return number;
  }

  /** From its first quote; null, with the place of the fault as position, when it is none. */
  #string(): string | null {
    const start = this.#at;
    let hasEscape = false;
    this.#at += 1;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) break;
      // NaN, the end of the text, is not greater either.
      if (!(code >= 0x20)) return null;
      if (code === BACKSLASH) {
        ESCAPE.lastIndex = this.#at;
        if (!ESCAPE.test(this.#text)) return null;
        this.#at = ESCAPE.lastIndex;
        hasEscape = true;
      } else this.#at += 1;
    }
    this.#at += 1;
    if (!hasEscape) return this.#text.slice(start + 1, this.#at - 1);
    const value: unknown = JSON.parse(this.#text.slice(start, this.#at));
    if (typeof value !== "string") throw new Error("a string with quotes is a string");
    if (!value.isWellFormed()) this.#note("invalid_unicode", start);
    return value;
  }

  #skipSpace(): void {
    for (; this.#at < this.#text.length; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  #note(fault: LateFault, at: number): void {
    if (!this.noted.has(fault)) this.noted.set(fault, at);
  }
}

/** `__proto__` is a member like any other. */
function defineOwn(object: object, name: string, value: Json): void {
  Object.defineProperty(object, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
