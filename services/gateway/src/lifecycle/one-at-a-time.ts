/**
 * Work that runs at most once at a time: when it is asked for meanwhile, it runs once more
 * afterwards.
 */
export class OneAtATime {
  readonly #work: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #running: Promise<void> | null = null;
  #again = false;

  /** `failed` hears of a rejection of `work`; the next run begins anew. */
  constructor(work: () => Promise<void>, failed: (error: unknown) => void) {
    this.#work = work;
    this.#failed = failed;
  }

  run(): void {
    this.#again = true;
    this.#running ??= this.#runAll();
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #runAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#work().catch(this.#failed);
    }
    this.#running = null;
  }
}
