/**
 * The gateway's clock: Unix milliseconds in, ISO 8601 out, one string per millisecond however many
 * frames it serves.
 */

/** Characters of `2026-01-01T00:00:00.000Z`. */
export const ISO_LENGTH = 24;

let cachedMs = Number.NaN;
let cached = "";

/** UTC ISO 8601 with milliseconds and `Z`. */
export function toIso(ms: number): string {
  if (ms !== cachedMs) {
    cached = new Date(ms).toISOString();
    cachedMs = ms;
  }
  return cached;
}
