/**
 * One reader of one emitter: counts what it hears, and shows how long each token was on its way.
 */

/**
 * A token as it travels: whose it is, its number, and the milliseconds of this process's clock at
 * which it was sent.
 */
export function spokenBy(emitter: number, number: number): string {
  return `${emitter}:${number}:${performance.now()}`;
}

export class Ear {
  readonly #name: string;
  readonly #emitter: number;
  readonly #onLatency: (ms: number) => void;
  #next = 0;
  #skipped = 0;
  #again = 0;
  #foreign = 0;
  #truncated = 0;

  constructor(name: string, emitter: number, onLatency: (ms: number) => void) {
    this.#name = name;
    this.#emitter = emitter;
    this.#onLatency = onLatency;
  }

  readonly onToken = (data: string): void => {
    const now = performance.now();
    const [emitter = Number.NaN, number = Number.NaN, sentAt = Number.NaN] = data
      .split(":")
      .map(Number);
    if (emitter !== this.#emitter || !Number.isInteger(number)) {
      this.#foreign += 1;
    } else if (number < this.#next) {
      this.#again += 1;
    } else {
      this.#skipped += number - this.#next;
      this.#next = number + 1;
      this.#onLatency(now - sentAt);
    }
  };

  readonly onTruncated = (dropped: number): void => {
    this.#truncated += dropped;
  };

  /** True when nothing is to come, of so many tokens that were sent. */
  hasHeard(sent: number): boolean {
    return this.#next >= sent;
  }

  /** What was wrong, of so many tokens that were sent. */
  faults(sent: number): readonly string[] {
    const lost = this.#skipped + Math.max(0, sent - this.#next);
    const counts = {
      lost,
      "doubled or reordered": this.#again,
      "of another emitter": this.#foreign,
      "reported as truncated": this.#truncated,
    };
    return Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${this.#name} of emitter ${this.#emitter}: ${count} ${what}`);
  }
}
