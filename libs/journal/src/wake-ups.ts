/** Who waits for a journal to grow, in this process. */

type Wake = (head: number) => void;

export class WakeUps {
  readonly #waiting = new Map<string, Set<Wake>>();

  get journals(): Iterable<string> {
    return this.#waiting.keys();
  }

  wake(journal: string, head: number): void {
    for (const wake of this.#waiting.get(journal) ?? []) wake(head);
  }

  /** Calls until the signal; `first` and `last` say when a journal has a watcher and has none. */
  async *watch(
    journal: string,
    signal: AbortSignal,
    hooks: { readonly first?: () => void; readonly last?: () => void } = {},
  ): AsyncIterable<{ head: number }> {
    let seen: number | null = null;
    let resume: (() => void) | null = null;
    const proceed = () => {
      resume?.();
      resume = null;
    };
    const wake: Wake = (head) => {
      seen = Math.max(seen ?? 0, head);
      proceed();
    };
    this.#add(journal, wake, hooks.first);
    signal.addEventListener("abort", proceed, { once: true });
    try {
      while (!signal.aborted) {
        if (seen === null) {
          await new Promise<void>((resolve) => {
            resume = resolve;
          });
          continue;
        }
        const head: number = seen;
        seen = null;
        yield { head };
      }
    } finally {
      signal.removeEventListener("abort", proceed);
      this.#remove(journal, wake, hooks.last);
    }
  }

  #add(journal: string, wake: Wake, first?: () => void): void {
    const waiting = this.#waiting.get(journal) ?? new Set<Wake>();
    waiting.add(wake);
    this.#waiting.set(journal, waiting);
    if (waiting.size === 1) first?.();
  }

  #remove(journal: string, wake: Wake, last?: () => void): void {
    const waiting = this.#waiting.get(journal);
    waiting?.delete(wake);
    if (waiting?.size !== 0) return;
    this.#waiting.delete(journal);
    last?.();
  }
}
