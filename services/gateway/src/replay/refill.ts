/**
 * Takes from the log what the bus did not bring (§7.5). While it does, what comes by the channel
 * waits, so that each stream stays in order; what came before is left out by its seq.
 */
import { after, type EntryId } from "@ams/log";
import type { Intake } from "../bus/intake.ts";
import type { RemoteFrames } from "../conversation/remote-frames.ts";
import type { ConversationLog } from "./conversation-log.ts";

/** Batches that are read at a time. */
const ENTRIES = 128;

/** Milliseconds after which what is still missing is shown as a gap: readers wait meanwhile. */
const REFILL_MS_MAX = 2_500;

export type RefillParts = {
  readonly kept: ConversationLog;
  readonly intake: Intake;
  readonly frames: RemoteFrames;
  readonly failed: (error: unknown) => void;
};

export class Refill {
  readonly #parts: RefillParts;

  constructor(parts: RefillParts) {
    this.#parts = parts;
  }

  /** A batch does not follow the last one: what is before it is delivered first. */
  before(batch: Buffer): void {
    const { intake, frames, failed } = this.#parts;
    intake.pause();
    this.run(true)
      .catch(failed)
      .finally(() => {
        frames.deliver(batch);
        intake.unpause();
      });
  }

  /**
   * Delivers what is in the log and was not delivered here. `others`: also frames of streams that
   * are not known here, as replayed ones.
   */
  async run(others: boolean): Promise<void> {
    const { kept, frames } = this.#parts;
    let position: EntryId | null = kept.delivered;
    const untilMs = performance.now() + REFILL_MS_MAX;
    while (position !== null && performance.now() < untilMs) {
      const page = await kept.log.readAfter(kept.name, after(position), ENTRIES);
      for (const { batch } of page.entries) frames.refill(batch, others);
      position = page.isEnd ? null : (page.entries.at(-1) ?? null);
    }
  }
}
