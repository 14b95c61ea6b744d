/**
 * What a token of a load run says: its index in its stream and when it was meant to be sent, padded
 * to the size asked for.
 */

/** Bytes: the longest index and time, and the two marks behind them. */
export const PAYLOAD_BYTES_MIN = 24;
/** Bytes of a token's data (§9.1). */
export const PAYLOAD_BYTES_MAX = 65_536;

const BASE = 36;

export type Payload = {
  /** The place among the tokens of its emitter, from 0. */
  readonly index: number;
  /** Microseconds of the shared clock. */
  readonly intendedUs: number;
};

/** `bytes` characters of ASCII, from PAYLOAD_BYTES_MIN to PAYLOAD_BYTES_MAX. */
export function writePayload(index: number, intendedUs: number, bytes: number): string {
  const head = `${index.toString(BASE)}.${Math.round(intendedUs).toString(BASE)}.`;
  return head.padEnd(bytes, "-");
}

/** Null for a text that no emitter of a load run wrote. */
export function readPayload(data: string): Payload | null {
  const first = data.indexOf(".");
  const second = data.indexOf(".", first + 1);
  if (first <= 0 || second < 0) return null;
  const index = Number.parseInt(data.slice(0, first), BASE);
  const intendedUs = Number.parseInt(data.slice(first + 1, second), BASE);
  return Number.isFinite(index) && Number.isFinite(intendedUs) ? { index, intendedUs } : null;
}
