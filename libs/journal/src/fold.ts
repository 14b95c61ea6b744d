/**
 * A fold of one journal, kept up to date by reading on. It notices a store that went back, and
 * from then on serves nothing of that journal.
 */
import type { Journals, Known, Stored } from "./journal.ts";

/** What a service makes of its entries. */
export type Fold = {
  /** Name and version of its snapshots; another version is a longer replay. */
  readonly format: string;
  readonly apply: (entry: Stored) => void;
  /** The state as bytes, and from bytes; false when these are none. */
  readonly save: () => Uint8Array;
  readonly load: (bytes: Uint8Array) => boolean;
};

/** Entries between two snapshots. */
export const SNAPSHOT_ENTRIES = 10_000;

/** What is read at a time. */
const PAGE = { entries: 256, bytes: 4_194_304 };

export class JournalFold {
  readonly #journals: Journals;
  readonly #journal: string;
  readonly #fold: Fold;
  #known: Known = { epoch: "", head: 0 };
  #isRegressed = false;
  #isStarted = false;
  #snapshotAt = 0;
  #reading: Promise<void> | null = null;

  constructor(journals: Journals, journal: string, fold: Fold) {
    this.#journals = journals;
    this.#journal = journal;
    this.#fold = fold;
  }

  /** How far the fold is. */
  get known(): Known {
    return this.#known;
  }

  /** True once the store was seen to be behind what this process had read. */
  get isRegressed(): boolean {
    return this.#isRegressed;
  }

  /** The store said that it is behind. */
  regressed(): void {
    this.#isRegressed = true;
  }

  /** Reads on to the head. Calls that wait share one reading. Rejects with `StoreUnavailable`. */
  async catchUp(): Promise<void> {
    while (this.#reading !== null) await this.#reading;
    this.#reading = this.#readOn().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }

  /** The entries of an append of this process, without reading them again. */
  applyOwn(first: number, epoch: string, entries: readonly Stored[]): boolean {
    if (this.#reading !== null || first !== this.#known.head) return false;
    for (const entry of entries) this.#fold.apply(entry);
    this.#known = { epoch, head: first + entries.length };
    return true;
  }

  async #readOn(): Promise<void> {
    if (!this.#isStarted) await this.#start();
    for (;;) {
      const { head: from, epoch: before } = this.#known;
      const page = await this.#journals.read(this.#journal, from, PAGE);
      if (page.head < from || (from > 0 && page.epoch !== before)) this.#isRegressed = true;
      if (this.#isRegressed) return;
      for (const entry of page.entries) {
        if (entry.seq !== this.#known.head) {
          this.#isRegressed = true;
          return;
        }
        this.#fold.apply(entry);
        this.#known = { epoch: page.epoch, head: entry.seq + 1 };
      }
      await this.#snapshot();
      if (this.#known.head >= page.head || page.entries.length === 0) return;
    }
  }

  async #start(): Promise<void> {
    const snapshot = await this.#journals.loadSnapshot(this.#journal, this.#fold.format);
    this.#isStarted = true;
    if (snapshot === null) return;
    const { head, epoch } = await this.#journals.read(this.#journal, snapshot.seq, {
      entries: 1,
      bytes: 1,
    });
    // A snapshot of more than there is belongs to a history that is gone.
    if (snapshot.seq > head) {
      this.#isRegressed = true;
      return;
    }
    if (!this.#fold.load(snapshot.bytes)) return;
    this.#known = { epoch, head: snapshot.seq };
    this.#snapshotAt = snapshot.seq;
  }

  async #snapshot(): Promise<void> {
    const { head } = this.#known;
    if (head - this.#snapshotAt < SNAPSHOT_ENTRIES) return;
    this.#snapshotAt = head;
    await this.#journals.saveSnapshot(this.#journal, head, this.#fold.format, this.#fold.save());
  }
}
