/**
 * The memory of this process, as the last bound of what clients can make it keep. The server
 * library buffers a message until it is whole, up to 1 MiB for each connection, and shows nothing
 * of it before: no budget can count those bytes. What can be seen is their sum, so past a limit the
 * gateway takes no more connects and is not ready until it is below again.
 */
import { totalmem } from "node:os";

/**
 * Of what the machine or its container allows: the rest is for those who are connected already, and
 * for peaks.
 */
const DEFAULT_SHARE = 0.8;

/** Milliseconds for which a reading serves: a burst of connects costs a few. */
const READING_MS = 100;

export type MemoryDeps = {
  /** Bytes resident; 0 for the default. */
  readonly limitBytes: number;
  readonly residentBytes?: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
};

export class Memory {
  readonly #limitBytes: number;
  readonly #residentBytes: () => number;
  readonly #nowMs: () => number;
  #readMs = Number.NEGATIVE_INFINITY;
  #isFull = false;

  constructor({
    limitBytes,
    residentBytes = () => process.memoryUsage.rss(),
    nowMs = () => performance.now(),
  }: MemoryDeps) {
    this.#limitBytes = limitBytes === 0 ? defaultLimitBytes() : limitBytes;
    this.#residentBytes = residentBytes;
    this.#nowMs = nowMs;
  }

  isFull(): boolean {
    const nowMs = this.#nowMs();
    if (nowMs - this.#readMs >= READING_MS) {
      this.#readMs = nowMs;
      this.#isFull = this.#residentBytes() > this.#limitBytes;
    }
    return this.#isFull;
  }

  /** Null while connects are taken. */
  notReady(): string | null {
    return this.isFull() ? "memory" : null;
  }
}

function defaultLimitBytes(): number {
  const constrained = process.constrainedMemory();
  const machine = totalmem();
  // Without a constraint it is 0, or more than there is.
  return DEFAULT_SHARE * (constrained > 0 ? Math.min(constrained, machine) : machine);
}
