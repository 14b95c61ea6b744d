/**
 * What comes from a conversation's channel, in order, and the moment at which a snapshot of the
 * directory fits in.
 *
 * A snapshot is true at one place of the channel, where its mark was announced. The reply and the
 * mark come by two connections, either first; what comes behind the mark waits until the snapshot
 * has been taken up.
 */

import { type ChannelEvent, decodeEvent } from "@ams/directory";
import { BATCH_VERSION } from "./batch.ts";

/** Bytes of payloads that wait; then they pass, and what is missing before them is a gap. */
const PAUSED_BYTES_MAX = 67_108_864;

export type Handle = {
  readonly event: (event: ChannelEvent) => void;
  readonly batch: (batch: Buffer) => void;
  /** A payload that is neither. */
  readonly unread: () => void;
};

type Waiting = {
  readonly mark: string;
  readonly heard: () => void;
  /** Payloads behind the mark; null until it has been heard. */
  held: Buffer[] | null;
};

export class Intake {
  readonly #handle: Handle;
  /** Before the first snapshot there is no roster that events could change. */
  #open = false;
  #waiting: Waiting | null = null;
  #pauses = 0;
  #paused: Buffer[] = [];
  #pausedBytes = 0;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** Whatever comes waits, until `unpause`. */
  pause(): void {
    this.#pauses += 1;
  }

  unpause(): void {
    this.#pauses -= 1;
    if (this.#pauses > 0) return;
    const paused = this.#paused;
    this.#paused = [];
    this.#pausedBytes = 0;
    for (const payload of paused) this.receive(payload);
  }

  /** Takes one payload of the channel. */
  receive(payload: Buffer): void {
    if (this.#pauses > 0 && this.#pausedBytes <= PAUSED_BYTES_MAX) {
      this.#paused.push(payload);
      this.#pausedBytes += payload.length;
      return;
    }
    const waiting = this.#waiting;
    if (waiting !== null && waiting.held !== null) waiting.held.push(payload);
    else this.#pass(payload);
  }

  /**
   * Resolves once this mark has been heard; from then on payloads wait for `resume`. A later call
   * replaces an earlier one.
   */
  hold(mark: string): Promise<void> {
    this.resume();
    return new Promise((resolve) => {
      this.#waiting = { mark, heard: resolve, held: null };
    });
  }

  /**
   * The snapshot has been taken up (or given up): whatever waits is passed on, and all that comes.
   */
  resume(opened = false): void {
    const held = this.#waiting?.held ?? [];
    this.#waiting = null;
    this.#open ||= opened;
    for (const payload of held) this.receive(payload);
  }

  #pass(payload: Buffer): void {
    if (payload[0] === BATCH_VERSION) {
      if (this.#open) this.#handle.batch(payload);
      return;
    }
    const event = decodeEvent(payload);
    if (event === null) {
      this.#handle.unread();
      return;
    }
    const waiting = this.#waiting;
    if (event.kind === "mark" && event.mark === waiting?.mark) {
      waiting.held = [];
      waiting.heard();
    }
    if (this.#open) this.#handle.event(event);
  }
}
