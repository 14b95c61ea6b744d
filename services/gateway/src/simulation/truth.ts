/**
 * What really happened in one history, as seen from above all processes: the checker compares what
 * readers heard with it.
 */
import { decodeEvent } from "@ams/directory";
import { BATCH_VERSION, walkBatch } from "../bus/batch.ts";
import type { Process } from "./scheduler.ts";

/** One claim of a stream, by its epoch. */
export type EpochTruth = {
  readonly stream: string;
  /** The number of the connection that held it. */
  readonly connection: number;
  /** Simulated ms at which it joined. */
  readonly joinedAtMs: number;
  /** Simulated ms at which its gateway took each frame, from n = 1. */
  readonly takenAtMs: number[];
  /** The highest n that the store was given to publish. */
  published: number;
  /**
   * Its gateway crashed: what was not published by then is lost, and nobody is left to know of it.
   */
  crashed: boolean;
  readonly gateway: Process;
};

export class ConversationTruth {
  readonly epochs = new Map<number, EpochTruth>();
  /** `epoch-n` of all that the store was given, for receipts. */
  readonly published = new Set<string>();
  /**
   * By stream name, which another account may have taken: the epoch of the latest claim that was
   * announced.
   */
  readonly claimed = new Map<string, number>();
  closed = false;
  revokedUpTo = 0;

  holds(epoch: number, stream: string, connection: number, gateway: Process, nowMs: number): void {
    const known = this.epochs.get(epoch);
    if (known !== undefined) return;
    const takenAtMs: number[] = [];
    this.epochs.set(epoch, {
      stream,
      connection,
      joinedAtMs: nowMs,
      takenAtMs,
      published: 0,
      crashed: false,
      gateway,
    });
  }

  taken(epoch: number, n: number, nowMs: number): void {
    const truth = this.epochs.get(epoch);
    while (truth !== undefined && truth.takenAtMs.length < n) truth.takenAtMs.push(nowMs);
  }

  crashed(gateway: Process): void {
    for (const truth of this.epochs.values()) if (truth.gateway === gateway) truth.crashed = true;
  }

  /** A payload of its channel was published. */
  publish(payload: Buffer): void {
    if (payload[0] !== BATCH_VERSION) {
      this.#event(payload);
      return;
    }
    walkBatch(payload, (epoch, n) => {
      this.published.add(`${epoch}-${n}`);
      const truth = this.epochs.get(epoch);
      if (truth !== undefined) truth.published = Math.max(truth.published, n);
    });
  }

  #event(payload: Buffer): void {
    const event = decodeEvent(payload.toString());
    if (event?.kind !== "claimed") return;
    const { stream_name, epoch } = event.entry;
    this.claimed.set(stream_name, Math.max(epoch, this.claimed.get(stream_name) ?? 0));
  }
}
