/** Attempts on their way into the owner's log: together, and again while control is away. */
import type { Attempt, Control } from "../control.ts";
import { REPORTS_MAX } from "../limits.ts";

/** Attempts of one report. */
const AT_ONCE = 200;

export class Reports {
  readonly #control: Control;
  readonly #lost: (count: number) => void;
  #waiting: Attempt[] = [];
  #sending: Promise<void> | null = null;

  constructor(control: Control, lost: (count: number) => void) {
    this.#control = control;
    this.#lost = lost;
  }

  add(attempt: Attempt): void {
    this.#waiting.push(attempt);
    const over = this.#waiting.length - REPORTS_MAX;
    if (over <= 0) return;
    this.#waiting.splice(0, over);
    this.#lost(over);
  }

  /** Sends what waits; what can't be sent waits on. */
  flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const some = this.#waiting.slice(0, AT_ONCE);
      try {
        await this.#control.report(some);
      } catch {
        return; // Control is away: the next flush tries again.
      }
      this.#waiting = this.#waiting.filter((attempt) => !some.includes(attempt));
    }
  }
}
