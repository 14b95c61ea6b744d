/**
 * How the streams that a subscription hears end their turns: by a sentinel, or never, so that a
 * pause has to do (docs/CONVENTIONS.md).
 */
import { isEndOfTurn, sentinelOf, TURN_PAUSE_MS } from "@ams/client";
import { LRUCache } from "lru-cache";
import type { Heard } from "./buffer.ts";

/** Streams that are remembered: more than speak in a conversation at a time. */
const SPEAKERS_MAX = 1_024;

type Speaker = {
  /** Whether it has ever ended a turn. */
  endsTurns: boolean;
  /** When its last token was received, by the process's clock; null when its turn has ended. */
  saidAt: number | null;
};

export class Speakers {
  readonly #speakers = new LRUCache<string, Speaker>({ max: SPEAKERS_MAX });

  heard(event: Heard, now: number): void {
    if (event.kind === "token") {
      const speaker = this.#of(event.streamId);
      const isEnd = sentinelOf(event.data) !== null;
      speaker.endsTurns ||= isEnd;
      speaker.saidAt = isEnd ? null : now;
    } else if (event.kind === "stream_metadata" && isEndOfTurn(event.metadata)) {
      const speaker = this.#of(event.streamId);
      speaker.endsTurns = true;
      speaker.saidAt = null;
    }
  }

  endsTurns(streamId: string): boolean {
    return this.#speakers.get(streamId)?.endsTurns ?? false;
  }

  /** Milliseconds until the pause of a stream counts as the end of its turn; 0 when it does. */
  pauseLeftMs(streamId: string, now: number): number {
    const saidAt = this.#speakers.get(streamId)?.saidAt ?? null;
    return saidAt === null ? 0 : Math.max(0, saidAt + TURN_PAUSE_MS - now);
  }

  #of(streamId: string): Speaker {
    const known = this.#speakers.get(streamId);
    if (known !== undefined) return known;
    const speaker: Speaker = { endsTurns: false, saidAt: null };
    this.#speakers.set(streamId, speaker);
    return speaker;
  }
}
