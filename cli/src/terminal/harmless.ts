/**
 * Text from others, made harmless for a terminal: what would move the cursor, change colours, set
 * the title or turn the direction of writing is shown as an escape and obeyed by nobody. Line feeds
 * are escaped too, unless they are kept.
 */

/**
 * C0 and C1 controls with DEL (ANSI sequences begin with one), the line and paragraph separators,
 * what marks, embeds, overrides and isolates directions, tag characters, the byte order mark, and
 * surrogates without their other half.
 */
const HARMFUL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be taken out.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}\ud800-\udfff]/gu;

/** One line of it; a tab becomes a space. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, escapeOf);
}

/** The same, cut into its lines. `\r\n` counts as one line feed. */
export function harmlessLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map(harmless);
}

function escapeOf(character: string): string {
  if (character === "\t") return " ";
  const code = character.codePointAt(0) ?? 0;
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}
