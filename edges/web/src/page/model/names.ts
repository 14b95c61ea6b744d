/** The names of a person: what the others see, and the stream name that is made of it. */
import { INVENTED_NAMES } from "./invented-names.ts";
import { foldName } from "./speaker.ts";

/**
 * Characters of the slug, so that a name and its tail stay far below the 63 that a stream name may
 * have.
 */
const SLUG_CHARACTERS_MAX = 40;
/**
 * Characters of a name that its slug is made of: normalizing takes time quadratic in a run of
 * accents.
 */
const READ_CHARACTERS_MAX = 128;
const CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"; // 32 of them, so that a byte picks evenly.
const TAIL_CHARACTERS = 4;

/**
 * ASCII letters, digits and hyphens of a name, accents taken off; `guest` when nothing of it is
 * left.
 */
export function slug(name: string): string {
  const plain = name
    .slice(0, READ_CHARACTERS_MAX)
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_CHARACTERS_MAX)
    .replace(/^-|-$/g, "");
  return plain === "" ? "guest" : plain;
}

/**
 * The slug of a display name and 4 random characters: all guests of a link are one account, and two
 * of the same name would take each other's stream (§3.2.3).
 */
export function newStreamName(displayName: string, random = randomBytes): string {
  const tail = [...random(TAIL_CHARACTERS)].map((byte) => CHARACTERS.charAt(byte % 32)).join("");
  return `${slug(displayName)}-${tail}`;
}

/**
 * A name for who has given none, which nobody of `taken` has; with a number behind it where every
 * name is taken.
 */
export function inventName(taken: readonly string[] = [], random = randomBytes): string {
  const used = new Set(taken.map(foldName));
  const [high = 0, low = 0] = random(2);
  const first = (high * 256 + low) % INVENTED_NAMES.length;
  const names = [...INVENTED_NAMES.slice(first), ...INVENTED_NAMES.slice(0, first)];
  for (let round = 1; ; round += 1) {
    const tried = names.map((name) => (round === 1 ? name : `${name} ${round}`));
    const free = tried.find((name) => !used.has(foldName(name)));
    if (free !== undefined) return free; // At the latest in the round after the last that is used.
  }
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** The namespace of an account that this page makes: a word and 6 random characters. */
export function newNamespace(random = randomBytes): string {
  const tail = [...random(6)].map((byte) => CHARACTERS.charAt(byte % 32)).join("");
  return `${slug(inventName([], random))}-${tail}`;
}
