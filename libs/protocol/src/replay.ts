/**
 * Replay as it is declared at mint and asked for at connect (§7). A cursor itself is opaque here:
 * only the log that gave it can read it.
 */

/** How much a conversation keeps. */
export type ReplayTerms = {
  /** Seconds for which a frame is kept. */
  readonly ttl_s: number;
  /** Bytes of all kept frames together, past which the oldest go. */
  readonly max_bytes: number;
};

/** From where a reader wants the kept frames. */
export type Since =
  | { readonly kind: "cursor"; readonly cursor: string }
  /** What was kept in the last so many seconds. */
  | { readonly kind: "age"; readonly seconds: number };

/** How a reader is caught up: frame by frame, in longer texts, or from the log for good. */
export type CatchUp = "frames" | "assembled" | "log";

const CURSOR = /^[0-9A-Za-z_-]{1,64}$/;
const AGE = /^(\d{1,9})([smhd])$/;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 };
const COUNT = /^\d{1,15}$/;

/** A cursor, or an age such as `10m`: a number of s, m, h or d. Null when it is neither. */
export function readSince(text: string): Since | null {
  const age = AGE.exec(text);
  if (age !== null) {
    const unit = age[2] === "s" || age[2] === "m" || age[2] === "h" ? age[2] : "d";
    return { kind: "age", seconds: Number(age[1]) * SECONDS[unit] };
  }
  return CURSOR.test(text) && text !== "-1" && text !== "now"
    ? { kind: "cursor", cursor: text }
    : null;
}

/** A whole number of frames, or null. */
export function readLastN(text: string): number | null {
  return COUNT.test(text) ? Number(text) : null;
}

/** Null for a way that is not known. */
export function readCatchUp(text: string): CatchUp | null {
  return text === "frames" || text === "assembled" || text === "log" ? text : null;
}
