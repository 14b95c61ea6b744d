/**
 * How wide text is on a terminal, in columns. Terminals differ about some emoji: what is drawn
 * keeps a column free for that.
 */

const segmenter = new Intl.Segmenter();

/** East Asian wide and full-width ranges, and what is drawn as an emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const PLAIN = /^[\x20-\x7e]*$/;
const NO_WIDTH = /^[\p{Mn}\p{Me}\u200b-\u200f]+$/u;

/** What a reader sees as one character each. */
export function graphemes(text: string): readonly string[] {
  if (PLAIN.test(text)) return [...text];
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

export function columnsOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return graphemes(text).reduce((sum, grapheme) => sum + columnsOfOne(grapheme), 0);
}

/** The longest beginning that is at most `columns` wide. */
export function beginning(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.slice(0, Math.max(0, columns));
  let used = 0;
  // One by one, and not all of a long text for the few that fit.
  for (const { segment, index } of segmenter.segment(text)) {
    used += columnsOfOne(segment);
    if (used > columns) return text.slice(0, index);
  }
  return text;
}

/** The same with `…` where something is left out. */
export function fit(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  return columns < 1 ? "" : `${beginning(text, columns - 1)}…`;
}

/** Cuts what is too wide, after a space where there is one in the second half. */
export function firstRow(text: string, columns: number): string {
  const row = beginning(text, columns);
  if (row.length === text.length) return row;
  // It ends with a whole word; the space may be beyond the edge.
  if (text[row.length] === " ") return `${row} `;
  if (row === "") return graphemes(text)[0] ?? ""; // Narrower than one character.
  const space = row.lastIndexOf(" ");
  return space > row.length / 2 ? row.slice(0, space + 1) : row;
}

function columnsOfOne(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
