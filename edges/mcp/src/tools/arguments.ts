/**
 * Arguments as models write them: a number or a truth as text, a value out of range, JSON in a
 * text. What can be meant is taken; the listed schema says how it should be.
 */
import type { Metadata } from "@ams/client";
import { z } from "zod";

type Listed = { readonly [key: string]: z.core.util.JSONType };

/** A text; a number or a truth stands for its text. */
export function text(description: string, listed: Listed = {}) {
  return z
    .unknown()
    .meta({ type: "string", ...described(description), ...listed })
    .transform((given, context) => {
      if (typeof given === "string") return given;
      if (typeof given === "number" || typeof given === "boolean") return String(given);
      return wrong(context, "expected a text");
    });
}

/** A whole number, taken from a text too, and brought into its range. */
export function integer(min: number, max: number, description: string) {
  return z
    .unknown()
    .meta({ type: "integer", ...described(description) })
    .transform((given, context) => {
      const number = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
      if (typeof number !== "number" || Number.isNaN(number)) {
        return wrong(context, "expected a number");
      }
      return Math.min(max, Math.max(min, Math.round(number)));
    });
}

/** True or false, from a text too. */
export function truth(description: string) {
  return z
    .unknown()
    .meta({ type: "boolean", ...described(description) })
    .transform((given, context) => {
      const word = typeof given === "string" ? given.trim().toLowerCase() : given;
      if (word === true || word === "true" || word === 1 || word === "1") return true;
      if (word === false || word === "false" || word === 0 || word === "0") return false;
      return wrong(context, "expected true or false");
    });
}

/** Any JSON object, every key as it is; from its JSON text too. */
export function object(description: string) {
  return z
    .unknown()
    .meta({ type: "object", ...described(description) })
    .transform((given, context): Metadata => {
      const value = typeof given === "string" ? parsed(given) : given;
      return isObject(value) ? value : wrong(context, "expected an object");
    });
}

/** One of a few words, whatever its case. */
export function word<const Words extends readonly [string, ...string[]]>(
  words: Words,
  description: string,
) {
  return z
    .unknown()
    .meta({ type: "string", enum: [...words], ...described(description) })
    .transform((given, context): Words[number] => {
      const asked = typeof given === "string" ? given.trim().toLowerCase() : given;
      return words.find((one) => one === asked) ?? wrong(context, `one of ${words.join(", ")}`);
    });
}

/** Several of a few words: a list, one word, or words with commas between. */
export function words<const Words extends readonly [string, ...string[]]>(
  all: Words,
  description: string,
) {
  return z
    .unknown()
    .meta({ type: "array", items: { type: "string", enum: [...all] }, ...described(description) })
    .transform((given, context): ReadonlySet<Words[number]> => {
      const list = typeof given === "string" ? given.split(",").map((one) => one.trim()) : given;
      if (!Array.isArray(list) || list.length > 2 * all.length) {
        return wrong(context, `a list of ${all.join(", ")}`);
      }
      const found = all.filter((one) => list.includes(one));
      return found.length > 0 ? new Set(found) : wrong(context, `a list of ${all.join(", ")}`);
    });
}

/** Listed to nobody: taken from who knows of it. */
export const HIDDEN = { "x-ams-hidden": true };

export function isObject(value: unknown): value is Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

function described(description: string): Listed {
  return description === "" ? {} : { description };
}

function wrong(context: z.core.$RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}
