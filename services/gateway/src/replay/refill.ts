/**
 * Takes from the log what the bus did not bring (§7.5). While it does, what comes by the channel
 * waits, so that each stream stays in order; what came before is left out by its seq.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { after, type EntryId, type Page } from "@ams/log";
import type { Intake } from "../bus/intake.ts";
import type { RemoteFrames } from "../conversation/remote-frames.ts";
import type { ConversationLog } from "./conversation-log.ts";

/** Batches that are read at a time. */
const ENTRIES = 128;

/** Milliseconds after which what is still missing is shown as a gap: readers wait meanwhile. */
const REFILL_MS_MAX = 2_500;

/** Milliseconds until a log that could not be read is read again. */
const RETRY_MS = 100;

export type RefillParts = {
  readonly kept: ConversationLog;
  readonly intake: Intake;
  readonly frames: RemoteFrames;
  readonly failed: (error: unknown) => void;
};

export class Refill {
  readonly #parts: RefillParts;
  /** Whether a whole refill could not read the log: until it can, nobody waits for it again. */
  #isAway = false;

  constructor(parts: RefillParts) {
    this.#parts = parts;
  }

  /** What is to be passed does not follow what was: what is before it is delivered first. */
  before(pass: () => void): void {
    const { intake, failed } = this.#parts;
    intake.pause();
    this.run(true)
      .catch(failed)
      .finally(() => {
        pass();
        intake.unpause();
      });
  }

  /**
   * Delivers what is in the log and was not delivered here. `others`: also frames of streams that
   * are not known here, as replayed ones; then nothing is missing any more.
   */
  async run(others: boolean): Promise<void> {
    const { kept, frames } = this.#parts;
    let position = kept.delivered;
    if (position === null) return;
    const filled = kept.beginFill();
    const untilMs = performance.now() + REFILL_MS_MAX;
    for (let isEnd = false; !isEnd && performance.now() < untilMs; ) {
      const page: Page = await this.#read(position, untilMs);
      for (const { batch } of page.entries) frames.refill(batch, others);
      position = page.entries.at(-1) ?? position;
      ({ isEnd } = page);
    }
    if (others) filled(position);
  }

  /** What cut the channel may have cut the way to the log as well: it is asked again. */
  async #read(position: EntryId, untilMs: number): Promise<Page> {
    const { kept } = this.#parts;
    for (;;) {
      try {
        const page = await kept.log.readAfter(kept.name, after(position), ENTRIES);
        this.#isAway = false;
        return page;
      } catch (error) {
        this.#isAway ||= performance.now() + RETRY_MS > untilMs;
        if (this.#isAway) throw error;
        await sleep(RETRY_MS);
      }
    }
  }
}
