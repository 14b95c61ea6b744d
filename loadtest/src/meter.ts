/**
 * How hard this process works: its share of a core, and the longest time for which it took no
 * notice of anything.
 */

/** Milliseconds between two looks at the clock. */
const LOOK_MS = 20;

export type Effort = { readonly cpu: number; readonly stallMs: number };

export class Meter {
  #usage = process.cpuUsage();
  #takenAt = performance.now();
  #lookedAt = performance.now();
  #stallMs = 0;
  readonly #timer = setInterval(() => this.#look(), LOOK_MS);

  /** Since the last call. */
  take(): Effort {
    this.#look();
    const { user, system } = process.cpuUsage(this.#usage); // Microseconds.
    const now = performance.now();
    const cpu = (user + system) / 1_000 / Math.max(1, now - this.#takenAt);
    const effort = { cpu, stallMs: this.#stallMs };
    this.#usage = process.cpuUsage();
    this.#takenAt = now;
    this.#stallMs = 0;
    return effort;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#stallMs = Math.max(this.#stallMs, now - this.#lookedAt - LOOK_MS);
    this.#lookedAt = now;
  }
}
