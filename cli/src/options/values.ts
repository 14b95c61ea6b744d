/**
 * Values of options as written on a command line. Each reader throws what commander reports as a
 * wrong argument.
 */
import { readFileSync } from "node:fs";
import type { Metadata } from "@ams/client";
import { InvalidArgumentError } from "commander";

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const DURATION = /^(\d{1,9})(s|m|h|d)?$/;

/** Seconds of `90`, `90s`, `10m`, `2h` or `1d`. */
export function readDuration(text: string): number {
  const [, digits, unit = "s"] = DURATION.exec(text) ?? [];
  if (digits === undefined || !isUnit(unit)) {
    throw new InvalidArgumentError("A time is a number of seconds, or like 90s, 10m, 2h, 1d.");
  }
  return Number(digits) * SECONDS[unit];
}

export function readCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a whole number.");
}

/** A JSON object, or `@` and the name of a file that holds one. */
export function readMetadata(text: string): Metadata {
  const value = readJson(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new InvalidArgumentError('It is a JSON object, such as \'{"title":"Stand-up"}\'.');
}

/** Any JSON, or `@` and the name of a file that holds it. */
export function readJson(text: string): unknown {
  const json = text.startsWith("@") ? readFile(text.slice(1)) : text;
  try {
    return JSON.parse(json);
  } catch {
    throw new InvalidArgumentError("It is no JSON.");
  }
}

/** Adds to what the option gave earlier on the command line: for options that may be repeated. */
export function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new InvalidArgumentError("The file after @ can't be read.");
  }
}

function isUnit(text: string): text is keyof typeof SECONDS {
  return Object.hasOwn(SECONDS, text);
}
