/** The names of a person: what the others see, and the stream name that is made of it. */

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

const FIRST_NAMES = [
  ...["Aster", "Birch", "Clover", "Dune", "Ember", "Fern", "Grove", "Heron"],
  ...["Iris", "Juniper", "Kestrel", "Lark", "Moss", "Nettle", "Otter", "Pine"],
];

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

/** A name for who has given none yet. */
export function inventName(random = randomBytes): string {
  const [byte = 0] = random(1);
  return FIRST_NAMES[byte % FIRST_NAMES.length] ?? "Guest";
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** The namespace of an account that this page makes: a word and 6 random characters. */
export function newNamespace(random = randomBytes): string {
  const tail = [...random(6)].map((byte) => CHARACTERS.charAt(byte % 32)).join("");
  return `${slug(inventName(random))}-${tail}`;
}
