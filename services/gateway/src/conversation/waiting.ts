/**
 * Frames of sessions whose stream may have been taken over unnoticed: the gateway stood still for
 * longer than its lease, or the directory did not name the stream. They wait until the directory
 * has been asked (§3.5.1), within the same bounds as what a client sends before its `joined`.
 */
import { EarlyBudget, EarlyFrames } from "../accept/early.ts";

/** A session whose frames wait. */
export interface Waiter {
  /** Takes up what waits if the stream is surely held again. */
  resume(): void;
}

export class Waiting {
  readonly #budget = new EarlyBudget();
  readonly #waiters = new Set<Waiter>();

  /** A place for this session's frames, until `remove`. */
  add(waiter: Waiter): EarlyFrames {
    this.#waiters.add(waiter);
    return new EarlyFrames(this.#budget);
  }

  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** The directory has been asked, or can't be: each session looks again whether it may emit. */
  resume(): void {
    for (const waiter of [...this.#waiters]) waiter.resume();
  }
}
