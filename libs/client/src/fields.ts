/**
 * Reading the members of JSON that a deployment sent. What should be there and isn't breaks the
 * protocol.
 */
import { AmsError } from "./errors.ts";

/** A JSON object of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : fail("an object");
}

export function textAt(fields: Fields, key: string): string {
  const value = fields[key];
  return typeof value === "string" ? value : fail(key);
}

export function textOrNullAt(fields: Fields, key: string): string | null {
  return fields[key] === null || fields[key] === undefined ? null : textAt(fields, key);
}

export function numberAt(fields: Fields, key: string): number {
  const value = fields[key];
  return typeof value === "number" ? value : fail(key);
}

export function objectAt(fields: Fields, key: string): Fields {
  const value = fields[key];
  return isFields(value) ? value : fail(key);
}

export function listAt(fields: Fields, key: string): readonly unknown[] {
  const value = fields[key];
  return Array.isArray(value) ? value : fail(key);
}

function fail(what: string): never {
  throw new AmsError("unexpected_answer", `The deployment's answer lacks ${what}.`);
}
