/**
 * Names that this SDK makes up: a word, so that people can say it, and random characters, so that
 * nobody else has it.
 */

const WORDS =
  "amber birch cedar comet delta ember fjord grove heron jade kite larch maple nova opal pine";
// 32 of them, and 16 words, so that a byte picks evenly.
const CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** A word and this many random characters, such as `heron-k3ta`. */
export function randomName(characters: number): string {
  const [first = 0, ...rest] = crypto.getRandomValues(new Uint8Array(1 + characters));
  const tail = rest.map((byte) => CHARACTERS.charAt(byte % CHARACTERS.length)).join("");
  const words = WORDS.split(" ");
  return `${words[first % words.length]}-${tail}`;
}
