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

/** The second that was read last, `2026-01-01T00:00:00`, and its Unix milliseconds. */
const second = new Uint8Array(19);
let secondMs = Number.NaN;
const DIGIT_ZERO = 0x30;

/**
 * Unix milliseconds of the time that is written from here on; NaN when none is. Called for each
 * frame that comes over the bus, so it reads the second anew only when it is another.
 */
export function readIso(bytes: Buffer, at: number): number {
  for (let index = 0; index < second.length; index += 1) {
    if (bytes[at + index] !== second[index]) return readIsoAnew(bytes, at);
  }
  const [hundreds = 0, tens = 0, ones = 0] = [bytes[at + 20], bytes[at + 21], bytes[at + 22]];
  return secondMs + hundreds * 100 + tens * 10 + ones - DIGIT_ZERO * 111;
}

function readIsoAnew(bytes: Buffer, at: number): number {
  const text = bytes.toString("latin1", at, at + ISO_LENGTH);
  const ms = text.endsWith("Z") ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(ms) || toIso(ms) !== text) return Number.NaN;
  second.set(bytes.subarray(at, at + second.length));
  secondMs = ms - (ms % 1_000);
  return ms;
}
