/** The word by which a person stops a conversation. */

/** Characters that are read: a longer token is no stop. */
const CHARACTERS_MAX = 64;
const WORDS: ReadonlySet<string> = new Set(["stop", "halt", "abort"]);

/** `stop`, `halt` or `abort`, in any case, with spaces, dots and exclamation marks around it. */
export function isStopWord(text: string): boolean {
  if (text.length > CHARACTERS_MAX) return false;
  return WORDS.has(
    text
      .replaceAll(/[\s.!]/g, " ")
      .trim()
      .toLowerCase(),
  );
}
