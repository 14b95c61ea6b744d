/**
 * Notices that this process stood still, for so long that a takeover may have gone on without it:
 * the new holder waits `YIELD_WAIT_MS` for the old one. What the bus brought meanwhile has to be
 * heard before anything is emitted (§3.5.1).
 */
import { YIELD_WAIT_MS } from "../accept/arrivals.ts";

/** Milliseconds between two ticks; longer ones than `STALL_MS` are stalls. */
const TICK_MS = 100;

/**
 * Milliseconds of standing still that count: less than a new holder waits, by the way to the bus
 * and back.
 */
const STALL_MS = YIELD_WAIT_MS - 300;

export class Stalls {
  #tickMs = performance.now();
  #count = 0;
  #timer: NodeJS.Timeout | null = null;

  begin(): void {
    this.#timer = setInterval(() => this.count(performance.now()), TICK_MS);
    this.#timer.unref();
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** Stalls until now (monotonic ms), the one included after which this is the first call. */
  count(nowMs: number): number {
    if (nowMs - this.#tickMs > STALL_MS) this.#count += 1;
    this.#tickMs = nowMs;
    return this.#count;
  }
}
