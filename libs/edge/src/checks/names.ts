/** Stream names: which text is one (§1.1), and those that are made up for callers who gave none. */
import { createHash } from "node:crypto";

const STREAM_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/**
 * Characters of the caller's program in an automatic name: enough to know it, short enough to be
 * read.
 */
const SLUG_CHARACTERS_MAX = 32;
/**
 * Characters of a program's name that are read at all: normalizing takes time quadratic in a run of
 * accents.
 */
const READ_CHARACTERS_MAX = 128;
const NAMELESS = "agent";
const TAIL_CHARACTERS = 4;
/** 32 of them, so that a byte picks evenly; none is taken for another. */
const TAIL_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

export function isStreamName(text: string): boolean {
  return STREAM_NAME.test(text);
}

/**
 * The slug of a program's name, `-` and 4 letters or digits, such as `claude-code-3f2a`. The same
 * seed and attempt give the same name; a further attempt gives another one.
 */
export function automaticName(clientName: string | undefined, seed: string, attempt = 0): string {
  const hash = createHash("sha256").update(`${attempt}|${seed}`).digest();
  const tail = [...hash.subarray(0, TAIL_CHARACTERS)].map(
    (byte) => TAIL_ALPHABET[byte % TAIL_ALPHABET.length],
  );
  return `${slugOf(clientName ?? "")}-${tail.join("")}`;
}

export function slugOf(name: string): string {
  const slug = name
    .slice(0, READ_CHARACTERS_MAX)
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_CHARACTERS_MAX)
    .replaceAll(/^-|-$/g, "");
  return slug === "" ? NAMELESS : slug;
}
