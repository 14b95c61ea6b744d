/**
 * Turns of all catch-ups and joins of this process. A log in the process's own files answers
 * without ever waiting, so readers that take one page after the other would keep the event loop
 * from everybody else. So whoever reads from a log, or sends what was read, asks for a turn before
 * each page, and a join before each step that the directory writes down.
 *
 * Accounts take turns, and within an account its readers: who has many readers gets no more of the
 * process than who has one. After some milliseconds or bytes of catching up the event loop goes
 * once around, and whatever is live and ready is done first.
 */
import type { Page, Position } from "@ams/log";

/**
 * Milliseconds and bytes of catching up in one turn of the event loop, after which no other reader
 * begins. What has begun is finished: a page, which is bounded by itself. A live frame passes
 * through some five turns of the loop.
 */
const TURN_MS = 5;
const TURN_BYTES = 524_288;

/**
 * Pages that others may read as well, the bytes of one at most, and the milliseconds after which
 * none is kept: what is removed from a log is not read any more.
 */
const SHARED_PAGES = 16;
const SHARED_BYTES_MAX = 262_144;
const SHARED_MS = 100;

export type TurnsParts = {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Calls back in the next turn of the event loop. */
  readonly nextTurn: (callback: () => void) => void;
  /** Calls back when all that promises lead to in this turn is done. */
  readonly whenSettled: (callback: () => void) => void;
};

const OF_THE_PROCESS: TurnsParts = {
  now: () => performance.now(),
  // By its name at the time: a simulation has timers of its own.
  nextTurn: (callback) => void setImmediate(callback),
  // Ticks come behind the promises that are settled by then.
  whenSettled: (callback) => queueMicrotask(() => process.nextTick(callback)),
};

export class Turns {
  readonly #parts: TurnsParts;
  /** Who waits, by account: the first account is the next, and its first reader. */
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #pages = new Map<string, Page>();
  #isScheduled = false;
  #beganMs = 0;
  #bytes = 0;
  #clearedMs = 0;

  constructor(parts: TurnsParts = OF_THE_PROCESS) {
    this.#parts = parts;
  }

  /** Resolves when this account may read, or send, one page. `goesOn`: with a page it has read. */
  wait(account: string, goesOn = false): Promise<void> {
    return new Promise((resolve) => {
      const readers = this.#waiting.get(account);
      if (readers === undefined) this.#waiting.set(account, [resolve]);
      else if (goesOn) readers.unshift(resolve);
      else readers.push(resolve);
      this.#schedule();
    });
  }

  /** So much was read or sent in this turn. */
  spend(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * The page that `read` reads at this place of a log. Readers that are at the same place one after
   * the other get the same page, unless it is the last one: there may be more by then.
   */
  async page(
    channel: string,
    { ms, seq, frames }: Position,
    entries: number,
    read: () => Promise<Page>,
  ): Promise<Page> {
    const key = `${channel} ${ms}-${seq}-${frames} ${entries}`;
    const shared = this.#pages.get(key);
    if (shared !== undefined) return shared;
    const page = await read();
    const bytes = bytesOf(page);
    this.spend(bytes);
    if (page.isEnd || bytes > SHARED_BYTES_MAX || this.#waiting.size === 0) return page;
    const [oldest] = this.#pages.keys();
    if (this.#pages.size >= SHARED_PAGES && oldest !== undefined) this.#pages.delete(oldest);
    this.#pages.set(key, page);
    return page;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.nextTurn(() => {
      this.#beganMs = this.#parts.now();
      this.#bytes = 0;
      if (this.#beganMs - this.#clearedMs >= SHARED_MS) this.#clear();
      this.#next();
    });
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#isScheduled = false;
      this.#clear();
      return;
    }
    const [account, readers] = first;
    const resume = readers.shift();
    this.#waiting.delete(account);
    if (readers.length > 0) this.#waiting.set(account, readers);
    resume?.();
    this.#parts.whenSettled(() => {
      const isSpent = this.#bytes >= TURN_BYTES;
      if (!isSpent && this.#parts.now() - this.#beganMs < TURN_MS) return this.#next();
      this.#isScheduled = false;
      this.#schedule();
    });
  }

  #clear(): void {
    this.#clearedMs = this.#parts.now();
    this.#pages.clear();
  }
}

export function bytesOf({ entries }: Page): number {
  return entries.reduce((sum, { batch }) => sum + batch.length, 0);
}
