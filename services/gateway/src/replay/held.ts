/** What is delivered here while a follower reads its last page, within a limit. */

/** Bytes that a held frame costs beside its own. */
const FRAME_COST_BYTES = 64;

export class HeldForFollower {
  readonly #limitBytes: number;
  #frames: (Buffer | string)[] = [];
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Whether something was left out: what is held is then of no use, except the texts. */
  get isFull(): boolean {
    return this.#bytes > this.#limitBytes;
  }

  /** Keeps a copy. A text is a change of the roster, of which none is left out. */
  keep(frame: Uint8Array | string): void {
    this.#bytes += frame.length + FRAME_COST_BYTES;
    if (typeof frame === "string") this.#frames.push(frame);
    else if (!this.isFull) this.#frames.push(Buffer.from(frame));
  }

  take(): readonly (Buffer | string)[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }
}
