/** Names for guests. All guests of a link are one account, so two of the same name would take each other's stream (§3.2.3). */

const WORDS =
  "amber birch cedar comet delta ember fjord grove heron jade kite larch maple nova opal pine".split(
    " ",
  );
const CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"; // 32 of them, and 16 words, so that a byte picks evenly.

/** A word and 4 random characters, such as `heron-k3ta`. */
export function guestName(): string {
  const [first = 0, ...rest] = crypto.getRandomValues(new Uint8Array(5));
  const tail = rest.map((byte) => CHARACTERS.charAt(byte % CHARACTERS.length)).join("");
  return `${WORDS[first % WORDS.length]}-${tail}`;
}
