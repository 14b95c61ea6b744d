/**
 * Journals: append-only rows of entries. All state of a service is a fold over its journals, so a
 * process may die between any two steps, and the next reader finds all of an append or nothing.
 */

export type Entry = {
  /** At most 32 characters. */
  readonly kind: string;
  /** Unique in the journal, permanently: who hears no answer appends again with the same key. */
  readonly key?: string;
  readonly bytes: Uint8Array;
};

export type Stored = Entry & {
  /** From 0, without holes. */
  readonly seq: number;
  /** Unix milliseconds; never less than that of the entry before. */
  readonly at: number;
};

/** Where a reader saw the journal last: a store that is behind it has lost writes. */
export type Known = { readonly epoch: string; readonly head: number };

export type Appended =
  | {
      readonly ok: true;
      readonly first: number;
      readonly head: number;
      readonly at: number;
      readonly epoch: string;
    }
  /** The head isn't the expected one. Nothing was written. */
  | { readonly ok: false; readonly fault: "conflict"; readonly head: number }
  /** A key is there already: the answer of the first time. Nothing was written. */
  | {
      readonly ok: false;
      readonly fault: "duplicate";
      readonly key: string;
      readonly seq: number;
    }
  /** The journal is behind what the caller knows of it. Nothing was written. */
  | { readonly ok: false; readonly fault: "regressed"; readonly head: number }
  | {
      readonly ok: false;
      /**
       * `too_large`: nothing was written. `not_durable`: written, but not as durably as asked.
       * `unavailable`: it may or may not have been written.
       */
      readonly fault: "too_large" | "unavailable" | "not_durable";
    };

export type Page = {
  readonly entries: readonly Stored[];
  /** The number of entries of the journal, at the time of the read or later. */
  readonly head: number;
  /** A random text made with the first entry; empty before. */
  readonly epoch: string;
};

export type PageLimit = { readonly entries: number; readonly bytes: number };

export type Names = { readonly journals: readonly string[]; readonly cursor: string | null };

/** Every method but `append` rejects with `StoreUnavailable` while the store can't be reached. */
export interface Journals {
  /**
   * Atomic: the entries stand together, in order. `"any"` appends wherever the head is, and no
   * contention can refuse it. With `known`, nothing is appended to a journal that went back.
   */
  append(
    journal: string,
    expectedHead: number | "any",
    entries: readonly Entry[],
    at: number,
    known?: Known,
  ): Promise<Appended>;
  /** From `from` on, as many whole entries as the limit takes, but at least one. */
  read(journal: string, from: number, limit: PageLimit): Promise<Page>;
  /** Yields whenever the head may have passed `from`: a wake-up, never the truth. */
  watch(journal: string, from: number, signal: AbortSignal): AsyncIterable<{ head: number }>;
  saveSnapshot(journal: string, seq: number, format: string, bytes: Uint8Array): Promise<void>;
  loadSnapshot(
    journal: string,
    format: string,
  ): Promise<{ readonly seq: number; readonly bytes: Uint8Array } | null>;
  /** Bodies stay outside the row, so that one can be erased. */
  putBlob(journal: string, sha256: string, bytes: Uint8Array): Promise<void>;
  getBlob(journal: string, sha256: string): Promise<Uint8Array | null>;
  deleteBlob(journal: string, sha256: string): Promise<boolean>;
  /** Names that begin with `prefix`, in order. */
  list(prefix: string, cursor: string | null, limit: number): Promise<Names>;
  /** Null while it can be reached, else a word for what is waited for. */
  notReady(): string | null;
  close(): Promise<void>;
}

/** How sure an acknowledged append is. */
export type Durability =
  /** The store has it. */
  | { readonly kind: "memory" }
  /** It is on disk. */
  | { readonly kind: "disk" }
  /** So many replicas have it. */
  | { readonly kind: "replicas"; readonly count: number };
