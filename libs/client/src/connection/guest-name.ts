/** Names for guests. All guests of a link are one account, so two of the same name would take each other's stream (§3.2.3). */

const WORDS = [
  "amber",
  "birch",
  "cedar",
  "comet",
  "delta",
  "ember",
  "fjord",
  "grove",
  "heron",
  "iris",
];
const WORDS_MORE = [
  "jade",
  "kite",
  "larch",
  "maple",
  "nova",
  "opal",
  "pine",
  "quill",
  "reed",
  "sage",
];
const CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"; // 32 of them, so that a byte picks evenly.

/** A word and 4 random characters, such as `heron-k3ta`. */
export function guestName(): string {
  const words = [...WORDS, ...WORDS_MORE];
  const [first = 0, ...rest] = crypto.getRandomValues(new Uint8Array(5));
  const tail = rest.map((byte) => CHARACTERS.charAt(byte % CHARACTERS.length)).join("");
  return `${words[first % words.length]}-${tail}`;
}
