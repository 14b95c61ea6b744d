/**
 * The latest frames of a conversation in the order of its log, each with the cursor behind it: one
 * for all readers. Cursors sort as text.
 */

/** A frame that was kept, ready to be sent. */
export type Entry = {
  readonly cursor: string;
  /** As the wire has it. */
  readonly json: string;
  /** The holes before it, as the wire has them. */
  readonly gaps: readonly string[];
  readonly streamName: string;
  readonly epoch: number;
  /** The text of a token; null of anything else. */
  readonly data: string | null;
  /** Whether its stream ended here. */
  readonly isEnd: boolean;
};

/** Bytes that an entry costs beside its text, which it has twice. */
const ENTRY_BYTES = 512;

export class Window {
  /** Frames behind this cursor are here, none before. */
  start: string;
  /** Everything that was kept up to here has come. */
  #end: string;
  /** The log is known to go at least as far. */
  reached: string;
  readonly #bytesMax: number;
  #entries: Entry[] = [];
  #bytes = 0;
  readonly #waiting = new Set<() => void>();

  constructor(start: string, bytesMax: number) {
    this.start = start;
    this.#end = start;
    this.reached = start;
    this.#bytesMax = bytesMax;
  }

  get end(): string {
    return this.#end;
  }

  set end(cursor: string) {
    this.#end = cursor;
    if (cursor > this.reached) this.reached = cursor;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += costOf(entry);
    this.end = entry.cursor;
    let dropped = 0;
    while (this.#bytes > this.#bytesMax && dropped < this.#entries.length - 1) {
      const first = this.#entries[dropped];
      if (first === undefined) break;
      this.#bytes -= costOf(first);
      this.start = first.cursor;
      dropped += 1;
    }
    if (dropped > 0) this.#entries = this.#entries.slice(dropped);
    this.wake();
  }

  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /** Frames behind the cursor, at most so many and so many characters, one at least. */
  after(cursor: string, limit: number, charactersMax: number): readonly Entry[] {
    const from = this.#indexAfter(cursor);
    let characters = 0;
    let index = from;
    while (index < this.#entries.length && index - from < limit && characters < charactersMax) {
      characters += this.#entries[index]?.json.length ?? 0;
      index += 1;
    }
    return this.#entries.slice(from, index);
  }

  hasAfter(cursor: string): boolean {
    return (this.#entries.at(-1)?.cursor ?? "") > cursor;
  }

  /** Resolves when something has come, or after so many milliseconds, or with the signal. */
  next(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
      this.#waiting.add(done);
    });
  }

  #indexAfter(cursor: string): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.cursor ?? "") <= cursor) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function costOf({ json, data, gaps }: Entry): number {
  return ENTRY_BYTES + json.length + (data?.length ?? 0) + gaps.length * ENTRY_BYTES;
}
