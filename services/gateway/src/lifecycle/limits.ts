/**
 * How much one connection may send: a token bucket for frames and one for bytes, which pays for
 * JSON too (§4.4.3).
 */

export type Rate = {
  /** Units per second, 0 for no limit. */
  readonly perSecond: number;
  /** Units that may come at once after a silence. */
  readonly burst: number;
};

/** What each connection may send. */
export type Rates = { readonly frames: Rate; readonly bytes: Rate };

/**
 * Bytes that a JSON token is charged as: reading one takes about as long as reading and sending on
 * so many bytes.
 */
const JSON_TOKEN_BYTES = 32;

/** JSON tokens that the price of a frame covers: a token or a ping of any client has fewer. */
const JSON_TOKENS_FREE = 16;

/**
 * What reading a frame's JSON is charged, in bytes. The largest frame comes to less than the
 * smallest burst, 1 MiB.
 */
export function jsonCharge(tokens: number): number {
  return Math.max(0, tokens - JSON_TOKENS_FREE) * JSON_TOKEN_BYTES;
}

/** A bucket that fills with time and is emptied by use. */
export class TokenBucket {
  readonly #rate: Rate;
  #left: number;
  #atMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#left = rate.burst;
    this.#atMs = nowMs;
  }

  /** True when so many units may pass now; they are then gone. */
  take(units: number, nowMs: number): boolean {
    const { perSecond, burst } = this.#rate;
    if (perSecond === 0) return true;
    if (nowMs > this.#atMs) {
      this.#left = Math.min(burst, this.#left + ((nowMs - this.#atMs) / 1_000) * perSecond);
      this.#atMs = nowMs;
    }
    if (this.#left < units) return false;
    this.#left -= units;
    return true;
  }
}
