/**
 * A conversation as this process reads it: one subscriber, however many readers it has. It joins as
 * a guest by the link of a reader, and again by that of another when the first one ends.
 */
import type { Connection } from "@ams/client";
import { LRUCache } from "lru-cache";
import { follow, inTime } from "./follow.ts";
import { Older } from "./older.ts";
import { Refusal } from "./problem.ts";
import { Window } from "./window.ts";

/** From the first frame that is kept: no deployment keeps any for longer. */
const ALL = "7d";

/** Milliseconds after which the log has brought what a stream said: it is read every 2 s. */
const GONE_MS = 6_000;
const ABSENT_MAX = 1_000;

export class Conversation {
  readonly #bytesMax: number;
  /** What the window no longer has. */
  readonly older = new Older();
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
    const isFirst = window === null;
    let isLive: () => void = () => undefined;
    const live = new Promise<void>((resolve) => {
      isLive = resolve;
    });
    const connection = await follow(link, window?.end ?? ALL, (read) => {
      if (read.kind === "joined") window ??= new Window(read.cursor, this.#bytesMax);
      if (window === null) return;
      if (read.kind === "entry" && read.entry.cursor > window.end) window.push(read.entry);
      if (read.kind !== "live") return;
      if (isFirst) window.begin(read.hole);
      else if (read.hole !== null) window.hole = read.hole;
      if (read.cursor > window.end) window.end = read.cursor;
      window.wake();
      isLive();
    });
    const ended = connection.closed.then(() => {
      if (this.#connection === connection) this.#connection = null;
      window?.wake();
    });
    ended.catch(() => undefined);
    await inTime(live, connection).catch(async (error: unknown) => {
      await connection.close();
      throw error;
    });
    if (window === null) throw new Refusal("unavailable");
    this.#window = window;
    this.#connection = connection;
    return window;
  }
}

/** How far the log goes, asked from a place on. */
export async function endOf(link: string, since: string): Promise<string> {
  let end = "";
  let isDone: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    isDone = resolve;
  });
  const connection = await follow(link, since, (read) => {
    if (read.kind === "entry") end = read.entry.cursor;
    else if (read.kind === "live") end = read.cursor > end ? read.cursor : end;
    if (read.kind === "live") isDone();
  });
  try {
    await inTime(done, connection);
  } finally {
    await connection.close();
  }
  return end;
}
