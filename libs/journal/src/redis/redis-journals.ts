/**
 * Journals in Redis, for any number of processes: the script that appends is the only arbiter
 * between them. The database is of its own, never the wire's.
 */
import { randomUUID } from "node:crypto";
import {
  answered,
  confirmRedisFormat,
  connectRedis,
  createRedisStore,
  isSharded,
  LaterFormat,
  type Outcome,
  openSubscriber,
  type RedisConnection,
  type RedisStore,
  redisUrlFault,
  StoreUnavailable,
  type Subscriber,
  textsOf,
  whenReady,
} from "@ams/store";
import { LRUCache } from "lru-cache";
import type {
  Appended,
  Durability,
  Entry,
  Journals,
  Known,
  Names,
  Page,
  PageLimit,
  Stored,
} from "../journal.ts";
import {
  checkBlob,
  checkDigest,
  checkFormat,
  checkName,
  PAGE_ENTRIES_MAX,
  refuseAppend,
} from "../limits.ts";
import { WakeUps } from "../wake-ups.ts";
import { APPEND } from "./append.ts";
import { openSettle, type Settle } from "./durability.ts";
import { JOURNAL_PREFIX, JournalNames, journalOfChannel } from "./keys.ts";

export type RedisOptions = {
  readonly url: string;
  readonly durability: Durability;
  /** What all keys and channels begin with; `ams-journal` unless given. */
  readonly prefix?: string;
};

/** Milliseconds within which Redis answers at the start. */
const START_TIMEOUT_MS = 10_000;

/** Names that are known to be in the index, so that they aren't added again. */
const INDEXED_MAX = 100_000;

/** Entries of one XRANGE: each may have 1 MiB. */
const RANGE_ENTRIES_MAX = 64;

/** Rejects when Redis can't be reached; the fault is one sentence about a setting. */
export async function openRedisJournals(options: RedisOptions): Promise<Outcome<Journals, string>> {
  const fault = redisUrlFault("AMS_JOURNAL_REDIS_URL", options.url);
  if (fault !== null) return { ok: false, fault };
  const command = connectRedis(options.url, "command");
  const subscriber = connectRedis(options.url, "subscriber");
  if (!command.ok) return command;
  if (!subscriber.ok) return subscriber;
  try {
    await Promise.all(
      [command.value, subscriber.value].map((one) => whenReady(one, START_TIMEOUT_MS)),
    );
    const names = new JournalNames(options.prefix ?? JOURNAL_PREFIX);
    await confirmRedisFormat(command.value.client, names.format);
    const settle = await openSettle(command.value, options.durability);
    if (settle.ok)
      return {
        ok: true,
        value: new RedisJournals(command.value, subscriber.value, settle.value, names),
      };
    end(command.value, subscriber.value);
    return settle;
  } catch (error) {
    end(command.value, subscriber.value);
    if (error instanceof LaterFormat) return { ok: false, fault: error.message };
    throw error;
  }
}

class RedisJournals implements Journals {
  readonly #connection: RedisConnection;
  readonly #store: RedisStore;
  readonly #settle: Settle;
  readonly #names: JournalNames;
  readonly #subscriber: Subscriber;
  readonly #wakeUps = new WakeUps();
  readonly #indexed = new LRUCache<string, true>({ max: INDEXED_MAX });

  constructor(
    command: RedisConnection,
    subscriber: RedisConnection,
    settle: Settle,
    names: JournalNames,
  ) {
    this.#names = names;
    this.#connection = command;
    this.#store = createRedisStore(command.client, [APPEND]);
    this.#settle = settle;
    this.#subscriber = openSubscriber(subscriber, {
      payload: (channel, payload) =>
        this.#wakeUps.wake(journalOfChannel(channel), Number(payload.toString("latin1"))),
      lost: () => undefined,
      // What was published meanwhile is not known: whoever watches reads.
      again: (channels) => {
        for (const channel of channels) this.#wakeUps.wake(journalOfChannel(channel), 0);
      },
    });
  }

  async append(
    journal: string,
    expectedHead: number | "any",
    entries: readonly Entry[],
    at: number,
    known: Known = { epoch: "", head: 0 },
  ): Promise<Appended> {
    const refused = refuseAppend(journal, entries);
    if (refused !== null) return refused;
    const keys = this.#names.keysOf(journal);
    const publish = isSharded(this.#connection) ? "SPUBLISH" : "PUBLISH";
    const head = String(expectedHead);
    const fixed = [head, at, randomUUID(), known.head, known.epoch, keys.channel, publish];
    const each = entries.flatMap(({ kind, key = "", bytes }) => [kind, key, Buffer.from(bytes)]);
    try {
      await this.#index(journal);
      const named = [keys.entries, keys.meta, keys.keys];
      const reply = textsOf(await this.#store.run(APPEND, named, [...fixed, ...each]));
      const appended = readReply(reply);
      const isWritten = appended.ok || appended.fault === "duplicate";
      if (isWritten && !(await this.#settle(keys.entries)))
        return { ok: false, fault: "not_durable" };
      return appended;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return { ok: false, fault: "unavailable" };
    }
  }

  /** Before the first append: a name may be without entries, but no entries without a name. */
  async #index(journal: string): Promise<void> {
    if (this.#indexed.has(journal)) return;
    await answered("ZADD", this.#store.client.zadd(this.#names.index, 0, journal));
    this.#indexed.set(journal, true);
  }

  async read(journal: string, from: number, limit: PageLimit): Promise<Page> {
    checkName(journal);
    const { client } = this.#store;
    const { entries, meta } = this.#names.keysOf(journal);
    const page: Stored[] = [];
    let bytes = 0;
    const wanted = Math.min(limit.entries, PAGE_ENTRIES_MAX);
    for (let isMore = true; isMore && page.length < wanted; ) {
      const count = Math.min(wanted - page.length, RANGE_ENTRIES_MAX);
      const start = `${from + page.length + 1}-0`;
      const range = client.xrangeBuffer(entries, start, "+", "COUNT", count);
      const rows = await answered("XRANGE", range);
      isMore = rows.length === count;
      for (const row of rows) {
        const stored = readRow(row);
        bytes += stored.bytes.length;
        if (page.length > 0 && bytes > limit.bytes) {
          isMore = false;
          break;
        }
        page.push(stored);
      }
    }
    const [head, epoch] = await answered("HMGET", client.hmget(meta, "head", "epoch"));
    return { entries: page, head: Number(head ?? 0), epoch: epoch ?? "" };
  }

  watch(journal: string, from: number, signal: AbortSignal): AsyncIterable<{ head: number }> {
    checkName(journal);
    const { channel, meta } = this.#names.keysOf(journal);
    const first = () => {
      const look = async () => {
        await this.#subscriber.subscribe(channel);
        const head = Number((await this.#store.client.hget(meta, "head")) ?? 0);
        if (head > from) this.#wakeUps.wake(journal, head);
      };
      // Without a subscription the watcher is woken when there is one again, or reads by itself.
      look().catch(() => undefined);
    };
    const last = () => this.#subscriber.unsubscribe(channel);
    return this.#wakeUps.watch(journal, signal, { first, last });
  }

  async saveSnapshot(journal: string, seq: number, format: string, bytes: Uint8Array) {
    checkName(journal);
    checkFormat(format);
    const header = Buffer.alloc(8);
    header.writeBigUInt64BE(BigInt(seq));
    const value = Buffer.concat([header, bytes]);
    await answered("SET", this.#store.client.set(this.#names.snapshotKey(journal, format), value));
  }

  async loadSnapshot(journal: string, format: string) {
    checkName(journal);
    checkFormat(format);
    const { client } = this.#store;
    const value = await answered("GET", client.getBuffer(this.#names.snapshotKey(journal, format)));
    if (value === null || value.length < 8) return null;
    return { seq: Number(value.readBigUInt64BE()), bytes: new Uint8Array(value.subarray(8)) };
  }

  async putBlob(journal: string, sha256: string, bytes: Uint8Array) {
    checkBlob(journal, sha256, bytes);
    const { client } = this.#store;
    await answered("SET", client.set(this.#names.blobKey(journal, sha256), Buffer.from(bytes)));
  }

  async getBlob(journal: string, sha256: string): Promise<Uint8Array | null> {
    checkName(journal);
    checkDigest(sha256);
    const { client } = this.#store;
    const value = await answered("GET", client.getBuffer(this.#names.blobKey(journal, sha256)));
    return value === null ? null : new Uint8Array(value);
  }

  async deleteBlob(journal: string, sha256: string): Promise<boolean> {
    checkName(journal);
    checkDigest(sha256);
    return (
      (await answered("DEL", this.#store.client.del(this.#names.blobKey(journal, sha256)))) > 0
    );
  }

  async list(prefix: string, cursor: string | null, limit: number): Promise<Names> {
    const { client } = this.#store;
    const from = cursor === null ? `[${prefix}` : `(${cursor}`;
    const range = client.zrangebylex(
      this.#names.index,
      from,
      `(${prefix}\u{ff}`,
      "LIMIT",
      0,
      limit + 1,
    );
    const names = await answered("ZRANGEBYLEX", range);
    const journals = names.slice(0, limit);
    return { journals, cursor: names.length > limit ? (journals.at(-1) ?? null) : null };
  }

  notReady(): string | null {
    return this.#store.client.status === "ready" ? null : "journal";
  }

  async close(): Promise<void> {
    this.#subscriber.close();
    this.#store.client.disconnect();
  }
}

function readReply([result = "", ...rest]: readonly string[]): Appended {
  const [first = "", second = "", third = "", fourth = ""] = rest;
  switch (result) {
    case "ok": {
      const numbers = { first: Number(first), head: Number(second), at: Number(third) };
      return { ok: true, ...numbers, epoch: fourth };
    }
    case "duplicate":
      return { ok: false, fault: "duplicate", key: first, seq: Number(second) };
    case "conflict":
    case "regressed":
      return { ok: false, fault: result, head: Number(first) };
    default:
      throw new StoreUnavailable("Redis replied something else than the script's answers");
  }
}

function readRow([id, fields]: readonly [Buffer, readonly Buffer[]]): Stored {
  const [, kind, , key, , bytes, , at] = fields;
  if (kind === undefined || key === undefined || bytes === undefined || at === undefined)
    throw new StoreUnavailable("Redis has an entry of a journal that is none");
  return {
    seq: Number.parseInt(id.toString("latin1"), 10) - 1,
    at: Number(at.toString("latin1")),
    kind: kind.toString("latin1"),
    ...(key.length === 0 ? {} : { key: key.toString("latin1") }),
    bytes: new Uint8Array(bytes),
  };
}

function end(...connections: readonly RedisConnection[]): void {
  for (const { client } of connections) client.disconnect();
}
