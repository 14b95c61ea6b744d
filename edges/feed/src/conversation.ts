/**
 * A conversation as this process reads it: one subscriber, however many readers it has. It joins as
 * a guest by the link of a reader, and again by that of another when the first one ends.
 */
import { randomInt } from "node:crypto";
import { type Connection, join } from "@ams/client";
import { LRUCache } from "lru-cache";
import { type Read, readFrame } from "./entry.ts";
import { Refusal } from "./problem.ts";
import { type Entry, Window } from "./window.ts";

/** From the first frame that is kept: no deployment keeps any for longer. */
const ALL = "7d";

/** Milliseconds for all that is kept to come before the first answer. */
const CATCH_UP_MS = 20_000;

/** Milliseconds for which a connection that broke tries to come back. */
const RECONNECT_MS = 60_000;

/** Milliseconds after which the log has brought what a stream said: it is read every 2 s. */
const GONE_MS = 6_000;
const ABSENT_MAX = 1_000;

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Joins from a place on, and calls with each frame that has a place. */
function follow(
  link: string,
  since: string,
  take: (read: NonNullable<Read>) => void,
): Promise<Connection> {
  let gaps: string[] = [];
  return join(link, {
    guest: true,
    streamName: feedName(),
    since,
    catchUp: "log",
    reconnectForMs: RECONNECT_MS,
    onFrame: (direction, text) => {
      const read = direction === "in" ? readFrame(text, gaps) : null;
      if (read === null) return;
      if (read.kind === "gap") gaps.push(read.json);
      else if (read.kind === "entry") gaps = [];
      take(read);
    },
  });
}

export class Conversation {
  readonly #bytesMax: number;
  #window: Window | null = null;
  #connection: Connection | null = null;
  #opening: Promise<Window> | null = null;
  /** When a stream that is read was first found not to be here, in monotonic milliseconds. */
  readonly #absent = new LRUCache<string, number>({ max: ABSENT_MAX });
  /** When a reader last used it, in monotonic milliseconds. */
  usedMs = performance.now();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The window, with all that is kept and live from then on. */
  open(link: string): Promise<Window> {
    this.usedMs = performance.now();
    if (this.#connection !== null && this.#window !== null) return Promise.resolve(this.#window);
    this.#opening ??= this.#join(link).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /**
   * Whether a stream of this name left so long ago that the log has shown all of it: the roster
   * is ahead of the log, whose own `stream_left` may be older than the window.
   */
  isGone(streamName: string): boolean {
    const peers = [...(this.#connection?.peers.values() ?? [])];
    if (this.#connection === null || peers.some((peer) => peer.streamName === streamName)) {
      this.#absent.delete(streamName);
      return false;
    }
    const sinceMs = this.#absent.get(streamName) ?? performance.now();
    this.#absent.set(streamName, sinceMs);
    return performance.now() - sinceMs >= GONE_MS;
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  async #join(link: string): Promise<Window> {
    let window = this.#window;
    let isLive: () => void = () => undefined;
    const live = new Promise<boolean>((resolve) => {
      isLive = () => resolve(true);
    });
    const connection = await follow(link, window?.end ?? ALL, (read) => {
      if (read.kind === "joined") window ??= new Window(read.cursor, this.#bytesMax);
      if (window === null) return;
      if (read.kind === "entry" && read.entry.cursor > window.end) window.push(read.entry);
      if (read.kind !== "live") return;
      if (read.cursor > window.end) window.end = read.cursor;
      window.wake();
      isLive();
    });
    const ended = connection.closed.then((error) => {
      if (this.#connection === connection) this.#connection = null;
      window?.wake();
      throw error ?? new Refusal("unavailable");
    });
    ended.catch(() => undefined);
    const inTime = await Promise.race([live, ended, late()]);
    if (window === null || !inTime) {
      await connection.close();
      throw new Refusal("unavailable");
    }
    this.#window = window;
    this.#connection = connection;
    return window;
  }
}

/** A page of what is older than the window, read by a subscriber of its own (§7.3.5). */
export async function readOlder(
  link: string,
  since: string,
  until: string,
  limit: number,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let isDone: () => void = () => undefined;
  const done = new Promise<boolean>((resolve) => {
    isDone = () => resolve(true);
  });
  const connection = await follow(link, since, (read) => {
    if (read.kind === "live") isDone();
    if (read.kind !== "entry") return;
    const isWanted = read.entry.cursor <= until && entries.length < limit;
    if (isWanted) entries.push(read.entry);
    else isDone();
  });
  try {
    if (!(await Promise.race([done, late()]))) throw new Refusal("unavailable");
  } finally {
    await connection.close();
  }
  return entries;
}

/** How far the log goes, asked from a place on. */
export async function endOf(link: string, since: string): Promise<string> {
  let end = "";
  let isDone: () => void = () => undefined;
  const done = new Promise<boolean>((resolve) => {
    isDone = () => resolve(true);
  });
  const connection = await follow(link, since, (read) => {
    if (read.kind === "entry") end = read.entry.cursor;
    else if (read.kind === "live") end = read.cursor > end ? read.cursor : end;
    if (read.kind === "live") isDone();
  });
  try {
    if (!(await Promise.race([done, late()]))) throw new Refusal("unavailable");
  } finally {
    await connection.close();
  }
  return end;
}

/** All guests of a link are one account: a name of its own takes no other's stream. */
function feedName(): string {
  const letters = Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]);
  return `feed-${letters.join("")}`;
}

function late(): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), CATCH_UP_MS).unref();
  });
}
