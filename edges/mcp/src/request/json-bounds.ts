/**
 * Whether a text that claims to be JSON stays within bounds, before anything is built of it: levels
 * of nesting, and signs, of which each value, key and level takes one. The grammar is left to
 * `JSON.parse`.
 */

/**
 * Levels of nesting: metadata of people has a handful; what walks a value by recursion survives
 * this many.
 */
export const DEPTH_MAX = 128;

/**
 * Signs `{ } [ ] , :` outside of strings: metadata of 16 KiB has fewer than 16,384, and a call has
 * some ten arguments.
 */
export const SIGNS_MAX = 24_576;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** What was read of a text, and the bound that it breaks; null when it is within both. */
export type Bounds = {
  readonly fault: "too_deep" | "too_many_signs" | null;
  readonly signs: number;
};

export function checkBounds(text: string): Bounds {
  let signs = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = closingQuote(text, at);
      continue;
    }
    const isOpening = code === 0x5b || code === 0x7b;
    const isClosing = code === 0x5d || code === 0x7d;
    if (!isOpening && !isClosing && code !== COMMA && code !== COLON) continue;
    signs += 1;
    if (signs > SIGNS_MAX) return { fault: "too_many_signs", signs };
    if (isOpening) depth += 1;
    else if (isClosing) depth -= 1;
    if (depth > DEPTH_MAX) return { fault: "too_deep", signs };
  }
  return { fault: null, signs };
}

/** Where the string that begins at `at` ends. */
function closingQuote(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text.charCodeAt(end) !== QUOTE) {
    end += text.charCodeAt(end) === BACKSLASH ? 2 : 1;
  }
  return end;
}
