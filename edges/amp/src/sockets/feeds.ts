/**
 * The sockets of agents that this process has, and what each of them has been sent. Every socket
 * gets every message in the order of the queue, each at most once per connection; nothing leaves
 * the queue because it was sent.
 */
import { readKept, render } from "../delivery/message.ts";
import type { AgentRef, Queued, Store } from "../store/store.ts";

/** What a feed needs of a socket. */
export type AgentSocket = {
  /** Resolves once the bytes are written; waits for a slow reader. False when it has closed. */
  readonly send: (frame: string) => Promise<boolean>;
  readonly close: (code: number, reason: string) => void;
};

/** Messages and bytes that one read takes from the queue. */
const PAGE = { limit: 64, bytesMax: 1_048_576 };
/** Milliseconds that a sender waits for a message to be written. */
const WRITTEN_MS_MAX = 500;
/** Sockets of one agent. */
export const SOCKETS_PER_AGENT_MAX = 10;
/** Milliseconds before a failed read of the queue is tried again. */
const AGAIN_MS = 1_000;

type Entry = {
  readonly socket: AgentSocket;
  /** Messages up to here were pending before the socket came. */
  readonly replayN: number;
  /** The last message that was handed to the socket. */
  sentN: number;
  writtenN: number;
  isBusy: boolean;
  isAsked: boolean;
  isClosed: boolean;
};

type Feed = {
  readonly agent: AgentRef;
  readonly entries: Set<Entry>;
  readonly waiting: Map<number, Set<() => void>>;
};

export type Written = (agent: AgentRef, message: Queued) => void;

export class Feeds {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #written: Written;
  readonly #feeds = new Map<string, Feed>();

  /** `written` is called when a socket was the first here to get a message with a receipt. */
  constructor(store: Store, now: () => number, written: Written) {
    this.#store = store;
    this.#now = now;
    this.#written = written;
  }

  get size(): number {
    return [...this.#feeds.values()].reduce((sum, { entries }) => sum + entries.size, 0);
  }

  agents(): readonly AgentRef[] {
    return [...this.#feeds.values()].map(({ agent }) => agent);
  }

  has({ id }: AgentRef): boolean {
    return this.#feeds.has(id);
  }

  count({ id }: AgentRef): number {
    return this.#feeds.get(id)?.entries.size ?? 0;
  }

  /** Adds a socket; null when the agent has as many as it may. The result removes it again. */
  add(agent: AgentRef, socket: AgentSocket, replayN: number): (() => void) | null {
    const feed = this.#feeds.get(agent.id) ?? { agent, entries: new Set(), waiting: new Map() };
    if (feed.entries.size >= SOCKETS_PER_AGENT_MAX) return null;
    const entry: Entry = {
      socket,
      replayN,
      sentN: 0,
      writtenN: 0,
      isBusy: false,
      isAsked: false,
      isClosed: false,
    };
    feed.entries.add(entry);
    this.#feeds.set(agent.id, feed);
    void this.#pump(feed, entry);
    return () => {
      entry.isClosed = true;
      feed.entries.delete(entry);
      if (feed.entries.size === 0) this.#feeds.delete(agent.id);
    };
  }

  /** A message was accepted; true once a socket here has it written, false when that takes long. */
  push(agent: AgentRef, message: Queued): Promise<boolean> {
    const feed = this.#feeds.get(agent.id);
    if (feed === undefined) return Promise.resolve(false);
    const written = this.#whenWritten(feed, message.n);
    for (const entry of feed.entries) {
      if (!entry.isBusy && entry.sentN === message.n - 1) void this.#sendNext(feed, entry, message);
      else void this.#pump(feed, entry);
    }
    return written;
  }

  /** Something may have been queued elsewhere: resolves like `push`. */
  async look(agent: AgentRef, n: number): Promise<boolean> {
    const feed = this.#feeds.get(agent.id);
    if (feed === undefined) return false;
    const written = this.#whenWritten(feed, n);
    for (const entry of feed.entries) void this.#pump(feed, entry);
    return written;
  }

  /** The least that all sockets of the agent have been sent. */
  sentTo({ id }: AgentRef): number {
    const entries = [...(this.#feeds.get(id)?.entries ?? [])];
    return entries.length === 0 ? 0 : Math.min(...entries.map(({ sentN }) => sentN));
  }

  async broadcast({ id }: AgentRef, frame: string): Promise<boolean> {
    const entries = [...(this.#feeds.get(id)?.entries ?? [])];
    const sent = await Promise.all(entries.map(({ socket }) => socket.send(frame)));
    return sent.some((one) => one);
  }

  close({ id }: AgentRef, code: number, reason: string): void {
    for (const { socket } of [...(this.#feeds.get(id)?.entries ?? [])]) socket.close(code, reason);
  }

  closeAll(code: number, reason: string, spreadMs: number): void {
    const sockets = [...this.#feeds.values()].flatMap(({ entries }) => [...entries]);
    for (const [index, { socket }] of sockets.entries()) {
      const delay = Math.floor((index / Math.max(1, sockets.length)) * spreadMs);
      if (delay === 0) socket.close(code, reason);
      else setTimeout(() => socket.close(code, reason), delay);
    }
  }

  /** Sends what follows in the queue until nothing does; one at a time for each socket. */
  async #pump(feed: Feed, entry: Entry): Promise<void> {
    entry.isAsked = true;
    if (entry.isBusy) return;
    entry.isBusy = true;
    try {
      while (entry.isAsked && !entry.isClosed) {
        entry.isAsked = false;
        await this.#sendQueued(feed, entry);
      }
    } catch {
      // The store is away: the queue keeps what it has, and it is read again.
      setTimeout(() => void this.#pump(feed, entry), AGAIN_MS).unref();
    } finally {
      entry.isBusy = false;
    }
  }

  async #sendQueued(feed: Feed, entry: Entry): Promise<void> {
    for (;;) {
      const page = { afterN: entry.sentN, ...PAGE };
      const { messages } = await this.#store.pending(feed.agent, page, this.#now());
      for (const message of messages) {
        if (!(await this.#send(feed, entry, message))) return;
      }
      if (messages.length === 0) return;
    }
  }

  async #sendNext(feed: Feed, entry: Entry, message: Queued): Promise<void> {
    entry.isBusy = true;
    await this.#send(feed, entry, message);
    entry.isBusy = false;
    if (entry.isAsked) await this.#pump(feed, entry);
  }

  async #send(feed: Feed, entry: Entry, message: Queued): Promise<boolean> {
    if (entry.isClosed) return false;
    entry.sentN = message.n;
    const more = message.n <= entry.replayN ? { replay: true } : {};
    const data = render(message, "socket", more);
    if (!(await entry.socket.send(`{"type":"message.new","data":${data}}`))) return false;
    entry.writtenN = message.n;
    for (const resolve of feed.waiting.get(message.n) ?? []) resolve();
    feed.waiting.delete(message.n);
    if (readKept(message.body).receipt) this.#written(feed.agent, message);
    return true;
  }

  #whenWritten(feed: Feed, n: number): Promise<boolean> {
    if ([...feed.entries].some(({ writtenN }) => writtenN >= n)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiting = feed.waiting.get(n) ?? new Set();
      const done = (is: boolean) => () => {
        clearTimeout(late);
        waiting.delete(isWritten);
        if (waiting.size === 0) feed.waiting.delete(n);
        resolve(is);
      };
      const isWritten = done(true);
      const late = setTimeout(done(false), WRITTEN_MS_MAX);
      waiting.add(isWritten);
      feed.waiting.set(n, waiting);
    });
  }
}
