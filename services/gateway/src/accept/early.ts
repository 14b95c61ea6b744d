/**
 * Frames that a client sends before it is attached. They wait, within what one socket may keep
 * and what all waiting sockets together may: whoever waits has not shown yet that it may come in
 * (§4.4.5).
 */
import { EARLY_BYTES_MAX } from "@ams/protocol";

/**
 * Bytes that all waiting sockets of a gateway may keep together: strangers can hold no more than
 * this.
 */
const EARLY_TOTAL_BYTES_MAX = 67_108_864;

/**
 * Bytes that a waiting frame costs beside its own, so that many small ones count as what they are.
 */
const FRAME_COST_BYTES = 64;

export type EarlyFrame = { readonly frame: ArrayBuffer; readonly isBinary: boolean };

/** What all waiting sockets of one gateway keep at present. */
export class EarlyBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = EARLY_TOTAL_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** What one socket's client has sent too early. */
export class EarlyFrames {
  readonly #budget: EarlyBudget;
  readonly #bytesMax: number;
  #frames: EarlyFrame[] = [];
  /** Index of the first of `#frames` that was not taken. */
  #next = 0;
  #bytes = 0;

  constructor(budget: EarlyBudget, bytesMax = EARLY_BYTES_MAX) {
    this.#budget = budget;
    this.#bytesMax = bytesMax;
  }

  /** Keeps a copy of the frame; false when it is too much. */
  keep(frame: ArrayBuffer, isBinary: boolean): boolean {
    const cost = costOf(frame);
    if (this.#bytes + cost > this.#bytesMax || !this.#budget.take(cost)) return false;
    this.#bytes += cost;
    this.#frames.push({ frame: frame.slice(0), isBinary });
    return true;
  }

  /** The earliest; null when there is none. */
  first(): EarlyFrame | null {
    return this.#frames[this.#next] ?? null;
  }

  /** The earliest is kept no more. */
  shift(): void {
    const first = this.#frames[this.#next];
    if (first === undefined) return;
    this.#next += 1;
    const cost = costOf(first.frame);
    this.#bytes -= cost;
    this.#budget.giveBack(cost);
    // Seldom, so that each frame is moved about once.
    if (this.#next * 2 < this.#frames.length) return;
    this.#frames.splice(0, this.#next);
    this.#next = 0;
  }

  /** All of them, in order; nothing is kept any more. */
  release(): readonly EarlyFrame[] {
    const frames = this.#frames.slice(this.#next);
    this.#budget.giveBack(this.#bytes);
    this.#frames = [];
    this.#next = 0;
    this.#bytes = 0;
    return frames;
  }
}

function costOf(frame: ArrayBuffer): number {
  return frame.byteLength + FRAME_COST_BYTES;
}
