/**
 * Generated aliases: adjective-noun-NNNN, such as `brisk-falcon-9421`. They are names and no
 * secrets.
 */
import { randomInt } from "node:crypto";
import { type Alias, isAlias } from "@ams/protocol";
import { ADJECTIVES, NOUNS } from "./alias-words.ts";

/**
 * How often a mint tries another generated alias when one is taken: with millions of aliases, twice
 * is rare.
 */
export const ALIAS_ATTEMPTS_MAX = 8;

export function newAlias(): Alias {
  const number = String(randomInt(10_000)).padStart(4, "0");
  const alias = `${pick(ADJECTIVES)}-${pick(NOUNS)}-${number}`;
  if (!isAlias(alias)) throw new Error("a word of an alias is malformed");
  return alias;
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? "";
}
