/**
 * Where the last frames of a log begin that a reader would hear (§7.3.2). Readers that ask at the
 * same time are answered by one search: a log is searched once at a time, however many join.
 */
import { type EntryId, type Page, type Position, START } from "@ams/log";
import type { StreamId } from "@ams/protocol";
import { walkBatch } from "../bus/batch.ts";
import type { ConversationLog } from "./conversation-log.ts";
import { streamIdOf } from "./kept-frame.ts";
import { bytesOf } from "./turns.ts";

/** Batches of a page while it is searched backward. */
const ENTRIES = 128;

/** `isShort`: there were fewer, since others are no longer kept. */
export type Found = { readonly from: Position; readonly isShort: boolean };

type Wants = (stream: StreamId) => boolean;

type Search = {
  left: number;
  readonly wants: Wants;
  readonly found: (found: Found) => void;
  readonly failed: (error: unknown) => void;
};

export type LastFramesParts = {
  readonly kept: Pick<ConversationLog, "log" | "name">;
  /** Resolves when the next page may be searched. */
  readonly turn: () => Promise<void>;
  readonly spend: (bytes: number) => void;
};

export class LastFrames {
  readonly #parts: LastFramesParts;
  #next: Search[] = [];
  #isSearching = false;

  constructor(parts: LastFramesParts) {
    this.#parts = parts;
  }

  /** Rejects when the log can't be read. */
  find(count: number, wants: Wants, end: Position): Promise<Found> {
    if (count === 0) return Promise.resolve({ from: end, isShort: false });
    return new Promise((found, failed) => {
      this.#next.push({ left: count, wants, found, failed });
      void this.#searchAll();
    });
  }

  async #searchAll(): Promise<void> {
    if (this.#isSearching) return;
    this.#isSearching = true;
    while (this.#next.length > 0) {
      await this.#parts.turn();
      const searches = this.#next;
      this.#next = [];
      try {
        await this.#search(searches);
      } catch (error) {
        for (const { failed } of searches) failed(error);
      }
    }
    this.#isSearching = false;
  }

  async #search(all: readonly Search[]): Promise<void> {
    const { kept, turn, spend } = this.#parts;
    let searches = all;
    for (let before: EntryId | null = null; ; ) {
      const page: Page = await kept.log.readBefore(kept.name, before, ENTRIES);
      spend(bytesOf(page));
      for (const entry of [...page.entries].reverse()) {
        const counts = countsIn(entry.batch);
        searches = searches.filter((search) => !isFoundIn(entry, counts, search));
      }
      const first = page.entries[0];
      if (page.isEnd || first === undefined) {
        for (const { found } of searches) found({ from: START, isShort: page.removedTo !== null });
        return;
      }
      if (searches.length === 0) return;
      before = first;
      await turn();
    }
  }
}

/** How many frames there are of each stream. */
function countsIn(batch: Buffer): ReadonlyMap<StreamId, number> {
  const counts = new Map<StreamId, number>();
  walkBatch(batch, (_epoch, _n, kind, frame) => {
    if (kind === "stream_left") return;
    const stream = streamIdOf(frame, kind);
    counts.set(stream, (counts.get(stream) ?? 0) + 1);
  });
  return counts;
}

function isFoundIn(
  { ms, seq, batch }: Page["entries"][number],
  counts: ReadonlyMap<StreamId, number>,
  search: Search,
): boolean {
  let heard = 0;
  for (const [stream, count] of counts) if (search.wants(stream)) heard += count;
  if (heard < search.left) {
    search.left -= heard;
    return false;
  }
  const at = placesIn(batch, search.wants).at(-search.left) ?? 1;
  search.found({ from: { ms, seq, frames: at - 1 }, isShort: false });
  return true;
}

/** The numbers of the frames that the reader would hear, 1 for the first of the batch. */
function placesIn(batch: Buffer, wants: Wants): readonly number[] {
  const places: number[] = [];
  let index = 0;
  walkBatch(batch, (_epoch, _n, kind, frame) => {
    index += 1;
    if (kind !== "stream_left" && wants(streamIdOf(frame, kind))) places.push(index);
  });
  return places;
}
