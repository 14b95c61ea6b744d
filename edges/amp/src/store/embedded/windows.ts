/** Counters of fixed windows in memory. */
import type { Counter } from "../store.ts";

/** Counters at which those of past windows are dropped. */
const PRUNE_AT = 50_000;

export class Windows {
  readonly #counts = new Map<string, { count: number; endMs: number }>();

  count({ name, windowMs }: Counter, nowMs: number): number {
    if (this.#counts.size >= PRUNE_AT) this.#prune(nowMs);
    const window = Math.floor(nowMs / windowMs);
    const key = `${name}:${window}`;
    const entry = this.#counts.get(key) ?? { count: 0, endMs: (window + 1) * windowMs };
    entry.count += 1;
    this.#counts.set(key, entry);
    return entry.count;
  }

  #prune(nowMs: number): void {
    for (const [key, { endMs }] of this.#counts) if (endMs <= nowMs) this.#counts.delete(key);
    // A flood of new callers within one window: forgetting counts is better than growing.
    if (this.#counts.size >= PRUNE_AT) this.#counts.clear();
  }
}
