/**
 * The log of a deployment in one process, in an LMDB file. What was appended can be read once it is
 * on disk: a reading waits for that, and a receipt does.
 */
import type { ReplayTerms } from "@ams/protocol";
import { type Outcome, openFile, StoreUnavailable, type Table } from "@ams/store";
import type { Entry, EntryId, LogName, Page, ReplayLog } from "../log.ts";
import { ALL_FRAMES, after, SEQ_MAX } from "../position.ts";
import { type EntryTable, entryKey, idOfKey, keysOf, openEntries } from "./entries.ts";
import { openLogs, type StoredLog } from "./logs.ts";

export type EmbeddedLogOptions = {
  /** A folder, of which one process at a time has the use. */
  readonly path: string;
  /** Hears `kept` in the very step that says so. It must not throw. */
  readonly announce: (channel: string, event: string) => void;
  /** Unix milliseconds; the machine's clock unless given. */
  readonly now?: () => number;
};

type Kept = EntryId & { readonly bytes: number };

/** A log while this process uses it. */
type Open = {
  terms: ReplayTerms;
  last: EntryId;
  removed: EntryId | null;
  added: number;
  /** Oldest first, from `first` on. */
  kept: Kept[];
  first: number;
  bytes: number;
  /** The last write: readings wait for it. */
  written: Promise<unknown>;
};

/**
 * Bytes of a page after which no further entry is read: reading is work of this process, and
 * nothing else is done meanwhile.
 */
const PAGE_BYTES = 262_144;

/** Removed entries before the list of what is kept is made shorter. */
const COMPACT_AT = 1_024;

export function openEmbeddedLog(options: EmbeddedLogOptions): Outcome<ReplayLog, string> {
  const file = openFile(options.path, { name: "log", tablesMax: 4 });
  if (!file.ok) return file;
  const tables = { entries: openEntries(file.value), logs: openLogs(file.value) };
  const log = new EmbeddedLog(tables, options);
  return { ok: true, value: Object.assign(log, { close: () => file.value.close() }) };
}

type Tables = { readonly entries: EntryTable; readonly logs: Table<StoredLog> };

class EmbeddedLog implements Omit<ReplayLog, "close"> {
  readonly #tables: Tables;
  readonly #announce: EmbeddedLogOptions["announce"];
  readonly #now: () => number;
  readonly #open = new Map<string, Open>();

  constructor(tables: Tables, { announce, now = Date.now }: EmbeddedLogOptions) {
    this.#tables = tables;
    this.#announce = announce;
    this.#now = now;
  }

  async append(name: LogName, batch: Buffer): Promise<boolean> {
    const { channel } = name;
    const log = this.#use(name);
    const now = this.#now();
    const { ms, seq } = log.last;
    log.last = now > ms ? { ms: now, seq: 0 } : { ms, seq: seq + 1 };
    log.added += 1;
    log.kept.push({ ...log.last, bytes: batch.length });
    log.bytes += batch.length;
    const written = this.#tables.entries.put(entryKey(channel, log.last), batch);
    log.written = written.catch(() => false);
    this.#trimOne(channel, log);
    return await written.catch(() => false);
  }

  async readAfter(name: LogName, position: EntryId & { frames: number }, entries: number) {
    const start = entryKey(name.channel, position);
    // A key that is a little longer is the next one after it.
    const from = position.frames === ALL_FRAMES ? `${start}!` : start;
    return await this.#read(name, { start: from, end: keysOf(name.channel).end }, entries);
  }

  async readBefore(name: LogName, before: EntryId | null, entries: number): Promise<Page> {
    const { start: first, end } = keysOf(name.channel);
    const from = before === null ? end : entryKey(name.channel, before);
    const range = { start: from, end: first, reverse: true, exclusiveStart: true };
    const page = await this.#read(name, range, entries);
    return { ...page, entries: [...page.entries].reverse() };
  }

  async end(name: LogName) {
    const { last } = this.#use(name);
    return last.ms === 0 ? after({ ms: this.#now() - 1, seq: SEQ_MAX }) : after(last);
  }

  async mark(name: LogName): Promise<void> {
    const log = this.#use(name);
    this.#trimOne(name.channel, log);
    const { ms, seq } = log.last;
    this.#announce(name.channel, JSON.stringify({ kind: "kept", ms, seq, added: log.added }));
  }

  async trim(): Promise<void> {
    for (const { key, value } of this.#tables.logs.getRange()) {
      this.#trimOne(key, this.#use({ channel: key, terms: value.terms }));
    }
  }

  async drop(channel: string): Promise<void> {
    this.#open.delete(channel);
    for (const key of this.#tables.entries.getKeys(keysOf(channel)))
      void this.#tables.entries.remove(key);
    await this.#tables.logs.remove(channel);
  }

  async #read(
    name: LogName,
    range: { start: string; end: string; reverse?: boolean; exclusiveStart?: boolean },
    entries: number,
  ): Promise<Page> {
    const log = this.#use(name);
    this.#trimOne(name.channel, log);
    try {
      await log.written;
      const read: Entry[] = [];
      let bytes = 0;
      for (const { key, value } of this.#tables.entries.getRange({ ...range, limit: entries })) {
        read.push({ ...idOfKey(key), batch: value });
        bytes += value.length;
        if (bytes >= PAGE_BYTES) break;
      }
      const isEnd = read.length < entries && bytes < PAGE_BYTES;
      return { entries: read, isEnd, removedTo: log.removed };
    } catch (error) {
      throw new StoreUnavailable("the log can't be read", { cause: error });
    }
  }

  #use({ channel, terms }: LogName): Open {
    const known = this.#open.get(channel);
    if (known !== undefined) return known;
    const stored = this.#tables.logs.get(channel);
    const kept: Kept[] = [];
    for (const { key, value } of this.#tables.entries.getRange(keysOf(channel)))
      kept.push({ ...idOfKey(key), bytes: value.length });
    const last = kept.at(-1) ?? stored?.last ?? { ms: 0, seq: 0 };
    const log: Open = {
      terms,
      last: { ms: last.ms, seq: last.seq },
      removed: stored?.removed ?? null,
      added: kept.length,
      kept,
      first: 0,
      bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0),
      written: Promise.resolve(),
    };
    this.#open.set(channel, log);
    this.#store(channel, log);
    return log;
  }

  #trimOne(channel: string, log: Open): void {
    const oldestMs = this.#now() - log.terms.ttl_s * 1_000;
    const before = log.first;
    for (let one = log.kept[log.first]; one !== undefined; one = log.kept[log.first]) {
      if (one.ms > oldestMs && log.bytes <= log.terms.max_bytes) break;
      log.bytes -= one.bytes;
      log.removed = { ms: one.ms, seq: one.seq };
      log.first += 1;
      log.written = this.#tables.entries.remove(entryKey(channel, one)).catch(() => false);
    }
    if (log.first === before) return;
    this.#store(channel, log);
    if (log.first < COMPACT_AT) return;
    log.kept = log.kept.slice(log.first);
    log.first = 0;
  }

  #store(channel: string, { terms, last, removed }: Open): void {
    this.#tables.logs.put(channel, { terms, last, removed }).catch(() => undefined);
  }
}
