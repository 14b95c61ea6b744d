/**
 * Notifies those who asked for a summary of how many are there (§4.5.4): changes of a moment
 * together, so that filling a conversation costs each of them a few frames and not one for each
 * stream.
 */
import { encodeRoster } from "@ams/protocol";
import { toIso } from "../time.ts";
import type { Audience } from "./audience.ts";

/** Milliseconds over which changes are put together. */
const GATHER_MS = 250;

export class RosterSummary {
  readonly #audience: Audience;
  readonly #size: () => number;
  readonly #now: () => number;
  #isWaiting = false;

  /** `size` is how many streams are live. */
  constructor(audience: Audience, size: () => number, now: () => number) {
    this.#audience = audience;
    this.#size = size;
    this.#now = now;
  }

  changed(): void {
    if (this.#isWaiting || !this.#audience.hearsSummary) return;
    this.#isWaiting = true;
    setTimeout(() => this.#notify(), GATHER_MS).unref();
  }

  /** Each of them holds a stream itself, which is none of its peers. */
  #notify(): void {
    this.#isWaiting = false;
    const frame = encodeRoster(Math.max(0, this.#size() - 1), toIso(this.#now()));
    this.#audience.deliverSummary(frame);
  }
}
