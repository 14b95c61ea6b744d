/**
 * Reading the members of JSON that a deployment sent. What should be there and isn't breaks the
 * protocol.
 */
import { AmsError } from "./errors.ts";

/** A JSON object of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Any text for `Fields`; a known member's name where the members are known. */
type KeyOf<Of> = keyof Of & string;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : fail("an object");
}

export function textAt<Of extends Fields>(fields: Of, key: KeyOf<Of>): string {
  const value = fields[key];
  return typeof value === "string" ? value : fail(key);
}

export function textOrNullAt<Of extends Fields>(fields: Of, key: KeyOf<Of>): string | null {
  return fields[key] === null || fields[key] === undefined ? null : textAt(fields, key);
}

export function numberAt<Of extends Fields>(fields: Of, key: KeyOf<Of>): number {
  const value = fields[key];
  return typeof value === "number" ? value : fail(key);
}

export function objectAt<Of extends Fields>(fields: Of, key: KeyOf<Of>): Fields {
  const value = fields[key];
  return isFields(value) ? value : fail(key);
}

export function listAt<Of extends Fields>(fields: Of, key: KeyOf<Of>): readonly unknown[] {
  const value = fields[key];
  return Array.isArray(value) ? value : fail(key);
}

function fail(what: string): never {
  throw new AmsError("unexpected_answer", `The deployment's answer lacks ${what}.`);
}
