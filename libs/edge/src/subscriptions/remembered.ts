/**
 * Answers that are asked for again and again: a yes is kept for a while, a no never, and those who
 * ask at once share one question.
 */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock, Result } from "../contract.ts";

export type RememberedOptions = {
  readonly keptMs: number;
  readonly max: number;
  readonly clock: Clock;
};

export class Remembered<Value extends object> {
  readonly #kept: LRUCache<string, Result<Value>>;
  readonly #asked = new Map<string, Promise<Result<Value>>>();
  readonly #options: RememberedOptions;
  #forgetting = false;

  constructor(options: RememberedOptions) {
    const { keptMs, max, clock } = options;
    this.#options = options;
    // To the cache a time of 0 is none. With a resolution of 0 it asks the clock each time, instead
    // of a timer of its own.
    const perf = { now: () => clock.now() + 1 };
    this.#kept = new LRUCache({ max, ttl: keptMs, ttlResolution: 0, perf });
  }

  /** How many answers are kept at this moment. */
  get size(): number {
    return this.#kept.size;
  }

  async get(secret: string, ask: () => Promise<Result<Value>>): Promise<Result<Value>> {
    const key = hashOf(secret);
    return this.#kept.get(key) ?? (await (this.#asked.get(key) ?? this.#ask(key, ask)));
  }

  #ask(key: string, ask: () => Promise<Result<Value>>): Promise<Result<Value>> {
    const asked = this.#answer(key, ask).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  async #answer(key: string, ask: () => Promise<Result<Value>>): Promise<Result<Value>> {
    const result = await ask();
    if (result.ok) {
      this.#kept.set(key, result);
      this.#forgetLater();
    }
    return result;
  }

  /**
   * Answers hold accounts and rosters: what is too old to be given goes, and doesn't wait for its
   * position to be needed.
   */
  #forgetLater(): void {
    if (this.#forgetting) return;
    this.#forgetting = true;
    const { clock, keptMs } = this.#options;
    clock.after(keptMs + 1, () => {
      this.#forgetting = false;
      this.#kept.purgeStale();
      if (this.size > 0) this.#forgetLater();
    });
  }
}

/** What replaces a secret where it needn't be known, and opens nothing. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}
