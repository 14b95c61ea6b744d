/**
 * Frames of sessions whose stream may have been taken over unnoticed: the gateway stood still for
 * longer than its lease, or the directory did not name the stream. They wait until the directory
 * has been asked (§3.5.5).
 */
import { EarlyBudget, EarlyFrames } from "../accept/early.ts";

/** Bytes that wait for one session, each frame counted with 64 more: some seconds of a busy one. */
const SESSION_BYTES_MAX = 8_388_608;

/** Bytes that wait for all sessions of a gateway together. */
const TOTAL_BYTES_MAX = 268_435_456;

/**
 * Bytes of frames that are parsed in one turn of the event loop, each counted with 64 more: a few
 * milliseconds of work. The rest waits for the next turn, so that others are served in between.
 */
const PARSED_BYTES_MAX = 1_048_576;
const FRAME_COST_BYTES = 64;

/** A session whose frames wait. */
export interface Waiter {
  /** Takes up what waits if the stream is surely held again. */
  resume(): void;
}

export class Waiting {
  readonly #budget = new EarlyBudget(TOTAL_BYTES_MAX);
  readonly #waiters = new Set<Waiter>();
  /** Bytes that were parsed in this turn. */
  #parsedBytes = 0;

  /** A place for this session's frames, until `remove`. */
  add(waiter: Waiter): EarlyFrames {
    this.#waiters.add(waiter);
    return new EarlyFrames(this.#budget, SESSION_BYTES_MAX);
  }

  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** It has had its share of this turn: the others come first in the next. */
  toTheEnd(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    this.#waiters.add(waiter);
  }

  /** Whether a frame of so many bytes may be parsed in this turn; if not, its session waits. */
  mayParse(bytes: number): boolean {
    if (this.#parsedBytes > PARSED_BYTES_MAX) return false;
    if (this.#parsedBytes === 0) setImmediate(() => this.#endTurn());
    this.#parsedBytes += bytes + FRAME_COST_BYTES;
    return true;
  }

  #endTurn(): void {
    const isOver = this.#parsedBytes > PARSED_BYTES_MAX;
    this.#parsedBytes = 0;
    if (isOver) this.resume();
  }

  /** The directory has been asked, or can't be: each session looks again whether it may emit. */
  resume(): void {
    for (const waiter of [...this.#waiters]) waiter.resume();
  }
}
