/**
 * Keeps a sender below what deployments allow by default (§4.4.3), so that a fast source is slowed
 * and not cut off.
 */

/**
 * Frames and bytes per second, and at once: 4/5 of the default limits, as clocks and buffers differ
 * a little.
 */
const FRAMES_PER_SECOND = 16_000;
const FRAMES_BURST = 16_000;
const BYTES_PER_SECOND = 26_843_545;
const BYTES_BURST = 16_777_216;

export class Pace {
  #frames = FRAMES_BURST;
  #bytes = BYTES_BURST;
  #at = performance.now();

  /** Milliseconds until a next frame may go out; 0 is now. */
  waitMs(): number {
    const now = performance.now();
    const seconds = (now - this.#at) / 1_000;
    this.#at = now;
    this.#frames = Math.min(FRAMES_BURST, this.#frames + seconds * FRAMES_PER_SECOND);
    this.#bytes = Math.min(BYTES_BURST, this.#bytes + seconds * BYTES_PER_SECOND);
    const frames = this.#frames >= 1 ? 0 : (1 - this.#frames) / FRAMES_PER_SECOND;
    const bytes = this.#bytes >= 0 ? 0 : -this.#bytes / BYTES_PER_SECOND;
    return Math.ceil(Math.max(frames, bytes) * 1_000);
  }

  /** A frame went out. The bytes may fall below zero by one frame; the next then waits. */
  spend(bytes: number): void {
    this.#frames -= 1;
    this.#bytes -= bytes;
  }
}
