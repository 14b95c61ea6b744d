/** Members of JSON objects, each checked as it is read. */
import { isJsonObject, type Json, type JsonObject, parseDid } from "@ams/provenance";
import { type ErrorCode, reject } from "./errors.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const HEX64 = /^[0-9a-f]{64}$/;

export const ZEROS = "0".repeat(64);

export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}

export function isDigest(value: unknown): value is string {
  return typeof value === "string" && HEX64.test(value);
}

export function isDid(value: unknown): value is string {
  return typeof value === "string" && parseDid(value) !== null;
}

export function isWhole(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max;
}

export function isText(value: unknown, max: number): value is string {
  return typeof value === "string" && value.length <= max;
}

/** Reads one object; every fault is `code` with the member's name. */
export class Fields {
  readonly #of: JsonObject;
  readonly #code: ErrorCode;
  readonly #at: string;

  constructor(of: Json | undefined, code: ErrorCode, at = "") {
    this.#code = code;
    this.#at = at;
    this.#of = isJsonObject(of) ? of : this.#fail("");
  }

  #fail(name: string): never {
    const field = [this.#at, name].filter((part) => part !== "").join(".");
    return reject(this.#code, { field: field.slice(0, 128) });
  }

  only(names: readonly string[]): this {
    const stranger = Object.keys(this.#of).find((name) => !names.includes(name));
    if (stranger !== undefined) this.#fail(stranger);
    return this;
  }

  /** The value where `test` takes it; `fallback` where there is none and one is given. */
  get<Value, Fallback = never>(
    name: string,
    test: (value: unknown) => value is Value,
    ...fallback: readonly [Fallback] | readonly []
  ): Value | Fallback {
    const value: unknown = Object.hasOwn(this.#of, name) ? this.#of[name] : undefined;
    const [otherwise] = fallback;
    if (value === undefined && otherwise !== undefined) return otherwise;
    return test(value) ? value : this.#fail(name);
  }

  text(name: string, test: (text: string) => boolean): string {
    return this.get(name, (value): value is string => typeof value === "string" && test(value));
  }

  list(name: string, max: number, test: (item: unknown) => boolean): readonly Json[] | null {
    const isList = (value: unknown): value is readonly Json[] =>
      Array.isArray(value) && value.length <= max && value.every(test);
    return this.get(name, isList, null);
  }

  texts(name: string, max: number, test: (text: string) => boolean): readonly string[] | null {
    const items = this.list(name, max, (item) => typeof item === "string" && test(item));
    return items?.flatMap((item) => (typeof item === "string" ? [item] : [])) ?? null;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#of, name);
  }

  raw(name: string): Json | undefined {
    return Object.hasOwn(this.#of, name) ? this.#of[name] : undefined;
  }

  fields(name: string): Fields {
    const at = this.#at === "" ? name : `${this.#at}.${name}`;
    return new Fields(this.raw(name), this.#code, at);
  }
}

export function textOf(object: JsonObject | null, name: string): string | null {
  const value = object !== null && Object.hasOwn(object, name) ? object[name] : null;
  return typeof value === "string" ? value : null;
}

export function textsOf(object: JsonObject | null, name: string): readonly string[] | null {
  const value = object !== null && Object.hasOwn(object, name) ? object[name] : null;
  if (!Array.isArray(value)) return null;
  return value.flatMap((item) => (typeof item === "string" ? [item] : []));
}
