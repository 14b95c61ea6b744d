/**
 * What this gateway holds in the directory, and gives back. A step that fails because the directory
 * is away is kept and tried again at each `retry`, so that no stream of ours stays in a roster as a
 * ghost.
 */
import type { Directory, QuotaSlot, RosterEntry, Where } from "@ams/directory";
import { DirectoryUnavailable } from "@ams/directory";
import { describeError, type Log } from "@ams/process";
import type { LiveStream } from "../conversation/live-stream.ts";

/** Steps kept for a directory that is away; behind them the lease runs out and the others sweep. */
const KEPT_STEPS_MAX = 100_000;

/** Steps tried at a time when the directory is back. */
const RETRIES_AT_ONCE = 200;

type Step = () => Promise<unknown>;

export class Holdings {
  readonly #directory: Directory;
  readonly #log: Log;
  readonly #kept: Step[] = [];
  /** Streams whose metadata is being written; true when it has changed again meanwhile. */
  readonly #writing = new WeakMap<LiveStream, boolean>();
  #underWay = 0;
  #idle: (() => void)[] = [];

  constructor(directory: Directory, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /**
   * Leaves the stream, and releases its quota slot if it had one. The leave is handed over before
   * this returns. `displaced` is called when another connection had taken the stream by then.
   */
  giveBack(
    where: Where,
    stream: Pick<RosterEntry, "stream_name" | "connection">,
    slot: QuotaSlot | null,
    last: { readonly n: number | null; readonly ts: string },
    displaced: () => void = () => undefined,
  ): void {
    this.#do(async () => {
      if (!(await this.#directory.leave(where, stream, last))) displaced();
    });
    if (slot !== null) this.releaseSlot(slot);
  }

  /** Publishes what others must hear, again until the bus has taken it. */
  announce(publish: () => Promise<boolean>): void {
    this.#do(async () => {
      if (!(await publish())) throw new DirectoryUnavailable("the bus is away");
    });
  }

  releaseSlot(slot: QuotaSlot): void {
    this.#do(() => this.#directory.release(slot));
  }

  /**
   * Makes a shared quota slot this connection's, unless the connection is over by the time that
   * this is tried (again).
   */
  keepSlot(slot: QuotaSlot, isHeld: () => boolean): void {
    this.#do(async () => {
      if (isHeld()) await this.#directory.keepSlot(slot);
    });
  }

  /**
   * Keeps a stream's present metadata for later joiners: one write at a time, also one that is
   * kept; the latest wins.
   */
  keepMetadata(where: Where, stream: LiveStream): void {
    if (this.#writing.has(stream)) {
      this.#writing.set(stream, true);
      return;
    }
    this.#writing.set(stream, false);
    this.#do(() => this.#writeMetadata(where, stream));
  }

  async #writeMetadata(where: Where, stream: LiveStream): Promise<void> {
    const { entry } = stream;
    this.#writing.set(stream, false);
    try {
      const { metadata, metadata_n, metadata_ms = 0 } = entry;
      await this.#directory.setStreamMetadata(where, entry, metadata, metadata_n, metadata_ms);
    } catch (error) {
      if (!(error instanceof DirectoryUnavailable)) this.#writing.delete(stream);
      throw error;
    }
    const again = this.#writing.get(stream) === true;
    this.#writing.delete(stream);
    if (again) this.keepMetadata(where, stream);
  }

  /** Tries again what could not be given back. */
  retry(): void {
    for (const step of this.#kept.splice(0, RETRIES_AT_ONCE)) this.#do(step);
  }

  /** Resolves when nothing is under way any more. */
  settled(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #do(step: Step): void {
    this.#underWay += 1;
    step()
      .catch((error: unknown) => {
        if (error instanceof DirectoryUnavailable && this.#kept.length < KEPT_STEPS_MAX) {
          this.#kept.push(step);
          return;
        }
        this.#log.error({ event: "give_back_failed", ...describeError(error) }, "give back failed");
      })
      .finally(() => {
        this.#underWay -= 1;
        if (this.#underWay > 0) return;
        for (const resolve of this.#idle.splice(0)) resolve();
      });
  }
}
