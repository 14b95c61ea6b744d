/** Text that others wrote, cut and cleaned so that it can be shown among text of ours. */

/**
 * A character that people see: marks that only join others, fillers and all that takes no space
 * are none.
 */
const VISIBLE = /[^\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Characters that reverse the direction of the text after them, so that it reads as another. */
const TURNING = /\p{Bidi_Control}/gu;

export function isVisible(text: string): boolean {
  return VISIBLE.test(text);
}

/** A text of a peer without characters that change direction, for one line among ours. */
export function straight(text: string): string {
  return text.replace(TURNING, "");
}

/** The first character of a name that people see, whole; a question mark where there is none. */
export function initialOf(name: string): string {
  return charactersOf(name).find(isVisible) ?? "?";
}

/** As people count them; browsers before 2024 may not know how, and count those of Unicode. */
function charactersOf(text: string): readonly string[] {
  if (Intl.Segmenter === undefined) return [...text];
  const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text);
  return Array.from(segments, ({ segment }) => segment);
}

/** At most `characters` from the front; a surrogate pair is never split, then it is one less. */
export function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const end = Math.max(characters, 0);
  const last = text.charCodeAt(end - 1);
  const isHighHalf = end > 0 && last >= 0xd8_00 && last <= 0xdb_ff;
  return text.slice(0, isHighHalf ? end - 1 : end);
}
