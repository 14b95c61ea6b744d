/**
 * After this process stood still, a conversation emits nothing until it has heard what its channel
 * brought meanwhile: a mark of its own has gone to the bus and come back. A takeover that took
 * place is then known here (§3.5.1).
 */
import { randomUUID } from "node:crypto";
import type { Stalls } from "../lifecycle/stalls.ts";

/**
 * Milliseconds that a mark may take; without a bus the gateway serves the subscribers that it has
 * (§5.9).
 */
const MARK_WAIT_MS = 1_000;

export type CatchUpDeps = {
  readonly stalls: Stalls;
  /** Puts the mark on the channel; false when the bus does not take it. */
  readonly announce: (mark: string) => Promise<boolean>;
  /** What waits may be emitted. */
  readonly done: () => void;
};

export class CatchUp {
  readonly #deps: CatchUpDeps;
  /** Stalls after which the channel was heard. */
  #heard: number;
  #asked: {
    readonly mark: string;
    readonly stalls: number;
    readonly timer: NodeJS.Timeout;
  } | null = null;

  constructor(deps: CatchUpDeps) {
    this.#deps = deps;
    this.#heard = deps.stalls.count(performance.now());
  }

  /** False while something may have been missed; it is then being asked for. */
  isCurrent(nowMs: number): boolean {
    const stalls = this.#deps.stalls.count(nowMs);
    if (stalls === this.#heard) return true;
    if (this.#asked === null) this.#ask(stalls);
    return false;
  }

  /** A mark came round on the channel. */
  heard(mark: string): void {
    const asked = this.#asked;
    if (asked?.mark !== mark) return;
    clearTimeout(asked.timer);
    this.#asked = null;
    this.#heard = asked.stalls;
    this.#deps.done();
  }

  #ask(stalls: number): void {
    const mark = randomUUID();
    const timer = setTimeout(() => this.heard(mark), MARK_WAIT_MS);
    this.#asked = { mark, stalls, timer };
    this.#deps.announce(mark).then(
      (taken) => {
        if (!taken) this.heard(mark);
      },
      () => this.heard(mark),
    );
  }
}
