/**
 * The latest frames of a conversation in the order of its log, each with the cursor behind it: one
 * for all readers. Cursors sort as text.
 */
import { LRUCache } from "lru-cache";

/** A frame that was kept, ready to be sent. */
export type Entry = {
  readonly cursor: string;
  /** As the wire has it; empty where there are only holes. */
  readonly json: string;
  /** The holes before it, as the wire has them. */
  readonly gaps: readonly string[];
  readonly streamName: string;
  readonly epoch: number;
  /** Its number in the epoch, from 1; 0 of the end. */
  readonly n: number;
  /** The text of a token; null of anything else. */
  readonly data: string | null;
  /** Whether its stream ended here. */
  readonly isEnd: boolean;
};

/** Bytes that an entry costs beside its text, which it has twice. */
const ENTRY_BYTES = 512;

/** Of the bytes of a window that is full, how many stay. */
const KEPT_PART = 7 / 8;

/** Streams of which it is known how far they have come, also from before the window. */
const STREAMS_MAX = 4_096;

export class Window {
  /** Frames behind this cursor are here, none before. */
  start: string;
  /** Nothing that the log has or had since is before this one. */
  readonly origin: string;
  /** Everything that was kept up to here has come. */
  #end: string;
  /** The log is known to go at least as far. */
  reached: string;
  readonly #bytesMax: number;
  #entries: Entry[] = [];
  #bytes = 0;
  #hole: string | null = null;
  readonly #latest = new LRUCache<string, { readonly epoch: number; readonly isEnd: boolean }>({
    max: STREAMS_MAX,
  });
  readonly #waiting = new Set<() => void>();

  constructor(start: string, bytesMax: number) {
    this.start = start;
    this.origin = start;
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

  /** Whether this epoch of a stream has ended, or a later one began. */
  hasEnded(streamName: string, epoch: number): boolean {
    const latest = this.#latest.get(streamName);
    return (
      latest !== undefined && (latest.epoch > epoch || (latest.epoch === epoch && latest.isEnd))
    );
  }

  /** All that is kept has come, and before it was a hole of streams that nothing names. */
  begin(hole: string | null): void {
    if (this.#entries.length === 0) this.#hole = hole;
    else this.#entries = [...withHolesFirst(this.#entries, hole)];
  }

  /** A hole of streams that nothing names, before the next frame. */
  set hole(hole: string) {
    this.#hole = hole;
  }

  push(read: Entry): void {
    const entry = this.#hole === null ? read : { ...read, gaps: [this.#hole, ...read.gaps] };
    this.#hole = null;
    this.#entries.push(entry);
    const { streamName, epoch, isEnd } = entry;
    if (epoch >= (this.#latest.get(streamName)?.epoch ?? 0))
      this.#latest.set(streamName, { epoch, isEnd });
    this.#bytes += costOf(entry);
    this.end = entry.cursor;
    if (this.#bytes > this.#bytesMax) this.#drop(this.#bytesMax * KEPT_PART);
    this.wake();
  }

  /** Drops the oldest, several at a time: a window that is full costs no copy for each frame. */
  #drop(bytes: number): void {
    let dropped = 0;
    while (this.#bytes > bytes && dropped < this.#entries.length - 1) {
      const first = this.#entries[dropped];
      if (first === undefined) break;
      this.#bytes -= costOf(first);
      this.start = first.cursor;
      dropped += 1;
    }
    this.#entries = this.#entries.slice(dropped);
  }

  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /** Frames behind the cursor, at most so many and so many characters, one at least. */
  after(cursor: string, limit: number, charactersMax: number): readonly Entry[] {
    return entriesAfter(this.#entries, cursor, limit, charactersMax);
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
}

/** Of entries in the order of the log, as `Window.after`. */
export function entriesAfter(
  entries: readonly Entry[],
  cursor: string,
  limit: number,
  charactersMax: number,
): readonly Entry[] {
  const from = indexAfter(entries, cursor);
  let characters = 0;
  let index = from;
  while (index < entries.length && index - from < limit && characters < charactersMax) {
    characters += entries[index]?.json.length ?? 0;
    index += 1;
  }
  return entries.slice(from, index);
}

/**
 * A hole before the first frame of a stream lies before all of these, wherever that frame is: who
 * comes by a later cursor has lost nothing by it. `hole`: one more.
 */
export function withHolesFirst(
  entries: readonly Entry[],
  hole: string | null = null,
): readonly Entry[] {
  const isEarly = (gap: string) => JSON.parse(gap).after === null;
  const named = entries.flatMap(({ gaps }) => gaps.filter(isEarly));
  const early = hole === null ? named : [hole, ...named];
  if (early.length === 0) return entries;
  return entries.map((entry, index) => {
    const gaps = entry.gaps.filter((gap) => !isEarly(gap));
    return index === 0 || gaps.length < entry.gaps.length
      ? { ...entry, gaps: index === 0 ? [...early, ...gaps] : gaps }
      : entry;
  });
}

function indexAfter(entries: readonly Entry[], cursor: string): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.cursor ?? "") <= cursor) low = middle + 1;
    else high = middle;
  }
  return low;
}

function costOf({ json, data, gaps }: Entry): number {
  return ENTRY_BYTES + json.length + (data?.length ?? 0) + gaps.length * ENTRY_BYTES;
}
