/**
 * Journals in an LMDB file, for one process. An append is one transaction; the transactions of a
 * turn are committed together.
 */
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { type File, type Outcome, openFile, StoreUnavailable, type Table } from "@ams/store";
import type { Appended, Durability, Entry, Journals, Known, Page, PageLimit } from "../journal.ts";
import { checkBlob, checkDigest, checkFormat, checkName, refuseAppend } from "../limits.ts";
import { WakeUps } from "../wake-ups.ts";
import { lockFolder } from "./folder-lock.ts";
import { decodeRecord, encodeRecord } from "./record.ts";

export type EmbeddedOptions = {
  /** The folder of the file. */
  readonly folder: string;
  readonly durability: Durability;
};

type Head = { readonly head: number; readonly at: number; readonly epoch: string };

type Tables = {
  readonly file: File;
  /** journal → its head. */
  readonly heads: Table<Head>;
  /** journal / seq → record. */
  readonly entries: Table<Buffer>;
  /** journal / key → seq. */
  readonly keys: Table<number>;
  /** journal / format → seq and bytes. */
  readonly snapshots: Table<Buffer>;
  /** journal / digest → bytes. */
  readonly blobs: Table<Buffer>;
};

const NO_HEAD: Head = { head: 0, at: 0, epoch: "" };

/** Digits of a seq in a key: those of the largest safe integer. */
const SEQ_DIGITS = 16;

/** After every character of a name or key. */
const LAST = "\u{ffff}";

/** Folders that are open in this process: several services share one. */
const shared = new Map<string, { readonly journals: Journals; users: number }>();

/**
 * One process at a time; services of one process share what the first of them opened. The fault
 * is one sentence.
 */
export function openEmbeddedJournals(options: EmbeddedOptions): Outcome<Journals, string> {
  const folder = resolve(options.folder);
  const open = shared.get(folder);
  if (open !== undefined) {
    open.users += 1;
    return { ok: true, value: open.journals };
  }
  const opened = openFolder({ ...options, folder });
  if (opened.ok) shared.set(folder, { journals: opened.value, users: 1 });
  return opened;
}

function openFolder({ folder, durability }: EmbeddedOptions): Outcome<Journals, string> {
  if (durability.kind === "replicas")
    return { ok: false, fault: "An embedded journal has no replicas: use `disk` or `memory`." };
  const syncs = durability.kind === "disk";
  const opened = openFile(folder, { name: "journals", tablesMax: 5, syncsBeforeCommit: syncs });
  if (!opened.ok) return opened;
  const lock = lockFolder(folder);
  if (!lock.ok) {
    const fault = `Process ${lock.heldBy} already has the journals in ${folder}: stop it, or use another folder.`;
    return { ok: false, fault };
  }
  const release = () => {
    const users = (shared.get(folder)?.users ?? 1) - 1;
    if (users > 0) shared.set(folder, { journals, users });
    else shared.delete(folder);
    if (users === 0) lock.release();
    return users === 0;
  };
  const journals = new EmbeddedJournals(openTables(opened.value), release);
  return { ok: true, value: journals };
}

function openTables(file: File): Tables {
  const binary = { encoding: "binary" } as const;
  return {
    file,
    heads: file.openDB<Head, string>("heads", { encoding: "json" }),
    entries: file.openDB<Buffer, string>("entries", binary),
    keys: file.openDB<number, string>("keys", { encoding: "json" }),
    snapshots: file.openDB<Buffer, string>("snapshots", binary),
    blobs: file.openDB<Buffer, string>("blobs", binary),
  };
}

class EmbeddedJournals implements Journals {
  readonly #tables: Tables;
  /** True when nobody else in this process uses the folder. */
  readonly #release: () => boolean;
  readonly #wakeUps = new WakeUps();

  constructor(tables: Tables, release: () => boolean) {
    this.#tables = tables;
    this.#release = release;
  }

  async append(
    journal: string,
    expectedHead: number | "any",
    entries: readonly Entry[],
    at: number,
    known?: Known,
  ): Promise<Appended> {
    const refused = refuseAppend(journal, entries);
    if (refused !== null) return refused;
    try {
      const appended = await this.#tables.file.transaction(() =>
        this.#appendNow(journal, expectedHead, entries, at, known),
      );
      if (appended.ok) this.#wakeUps.wake(journal, appended.head);
      return appended;
    } catch {
      return { ok: false, fault: "unavailable" };
    }
  }

  /** Within a transaction. Nothing is written before all is decided. */
  #appendNow(
    journal: string,
    expectedHead: number | "any",
    entries: readonly Entry[],
    given: number,
    known?: Known,
  ): Appended {
    const { heads, keys } = this.#tables;
    const { head, at: last, epoch } = heads.get(journal) ?? NO_HEAD;
    if (known !== undefined && (head < known.head || (known.head > 0 && epoch !== known.epoch)))
      return { ok: false, fault: "regressed", head };
    for (const { key } of entries) {
      const seq = key === undefined ? undefined : keys.get(`${journal}/${key}`);
      if (key !== undefined && seq !== undefined)
        return { ok: false, fault: "duplicate", key, seq };
    }
    if (expectedHead !== "any" && expectedHead !== head)
      return { ok: false, fault: "conflict", head };
    const at = Math.max(given, last);
    for (const [index, entry] of entries.entries()) {
      this.#put(this.#tables.entries, entryKey(journal, head + index), encodeRecord(entry, at));
      if (entry.key !== undefined) this.#put(keys, `${journal}/${entry.key}`, head + index);
    }
    const after = { head: head + entries.length, at, epoch: epoch || randomUUID() };
    this.#put(heads, journal, after);
    return { ok: true, first: head, ...after };
  }

  /** In a transaction it is done at once. */
  #put<Value>(table: Table<Value>, key: string, value: Value): void {
    table.putSync(key, value);
  }

  async read(journal: string, from: number, limit: PageLimit): Promise<Page> {
    checkName(journal);
    return this.#look(() => {
      const { entries, heads } = this.#tables;
      const { head, epoch } = heads.get(journal) ?? NO_HEAD;
      const page: Page["entries"][number][] = [];
      let bytes = 0;
      const range = { start: entryKey(journal, from), end: `${journal}/${LAST}` };
      for (const { key, value } of entries.getRange({ ...range, limit: limit.entries })) {
        const stored = decodeRecord(value, Number(key.slice(-SEQ_DIGITS)));
        bytes += stored.bytes.length;
        if (page.length > 0 && bytes > limit.bytes) break;
        page.push(stored);
      }
      return { entries: page, head, epoch };
    });
  }

  watch(journal: string, from: number, signal: AbortSignal): AsyncIterable<{ head: number }> {
    checkName(journal);
    const first = () => {
      const { head } = this.#tables.heads.get(journal) ?? NO_HEAD;
      if (head > from) queueMicrotask(() => this.#wakeUps.wake(journal, head));
    };
    return this.#wakeUps.watch(journal, signal, { first });
  }

  async saveSnapshot(journal: string, seq: number, format: string, bytes: Uint8Array) {
    checkName(journal);
    checkFormat(format);
    const header = Buffer.alloc(8);
    header.writeBigUInt64BE(BigInt(seq));
    const value = Buffer.concat([header, bytes]);
    await this.#write(() => this.#put(this.#tables.snapshots, `${journal}/${format}`, value));
  }

  async loadSnapshot(journal: string, format: string) {
    checkName(journal);
    checkFormat(format);
    return this.#look(() => {
      const value = this.#tables.snapshots.get(`${journal}/${format}`);
      if (value === undefined) return null;
      return { seq: Number(value.readBigUInt64BE()), bytes: new Uint8Array(value.subarray(8)) };
    });
  }

  async putBlob(journal: string, sha256: string, bytes: Uint8Array) {
    checkBlob(journal, sha256, bytes);
    const value = Buffer.from(bytes);
    await this.#write(() => this.#put(this.#tables.blobs, `${journal}/${sha256}`, value));
  }

  async getBlob(journal: string, sha256: string): Promise<Uint8Array | null> {
    checkName(journal);
    checkDigest(sha256);
    return this.#look(() => {
      const value = this.#tables.blobs.get(`${journal}/${sha256}`);
      return value === undefined ? null : new Uint8Array(value);
    });
  }

  async deleteBlob(journal: string, sha256: string): Promise<boolean> {
    checkName(journal);
    checkDigest(sha256);
    return this.#write(() => this.#tables.blobs.removeSync(`${journal}/${sha256}`));
  }

  async list(prefix: string, cursor: string | null, limit: number) {
    return this.#look(() => {
      const start = cursor === null ? prefix : `${cursor}\u0001`;
      const range = { start, end: `${prefix}${LAST}`, limit: limit + 1 };
      const names = [...this.#tables.heads.getKeys(range)];
      const journals = names.slice(0, limit);
      return { journals, cursor: names.length > limit ? (journals.at(-1) ?? null) : null };
    });
  }

  notReady(): string | null {
    return null;
  }

  async close(): Promise<void> {
    if (this.#release()) await this.#tables.file.close();
  }

  async #write<Result>(action: () => Result): Promise<Result> {
    try {
      return await this.#tables.file.transaction(action);
    } catch (error) {
      throw unavailable(error);
    }
  }

  #look<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      throw unavailable(error);
    }
  }
}

function entryKey(journal: string, seq: number): string {
  return `${journal}/${String(seq).padStart(SEQ_DIGITS, "0")}`;
}

function unavailable(error: unknown): StoreUnavailable {
  const reason = error instanceof Error ? error.message : "unknown";
  return new StoreUnavailable(`The journal file does not answer: ${reason}`);
}
