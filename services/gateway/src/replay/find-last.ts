/** Where the last frames of a log begin that a reader would hear (§7.3.2). */
import { type EntryId, type Page, type Position, START } from "@ams/log";
import type { StreamId } from "@ams/protocol";
import { walkBatch } from "../bus/batch.ts";
import type { ConversationLog } from "./conversation-log.ts";
import { streamIdOf } from "./kept-frame.ts";

/** Batches of a page while it is searched backward. */
const ENTRIES = 256;

/** `isShort`: there were fewer, since others are no longer kept. */
export async function findLast(
  { log, name }: ConversationLog,
  count: number,
  wants: (stream: StreamId) => boolean,
  end: Position,
): Promise<{ readonly from: Position; readonly isShort: boolean }> {
  if (count === 0) return { from: end, isShort: false };
  let left = count;
  for (let before: EntryId | null = null; ; ) {
    const page: Page = await log.readBefore(name, before, ENTRIES);
    for (const { ms, seq, batch } of [...page.entries].reverse()) {
      const places = placesIn(batch, wants);
      const at = places.at(-left);
      if (at !== undefined) return { from: { ms, seq, frames: at - 1 }, isShort: false };
      left -= places.length;
    }
    const first = page.entries[0];
    if (page.isEnd || first === undefined) return { from: START, isShort: page.removedTo !== null };
    before = first;
  }
}

/** The numbers of the frames that the reader would hear, 1 for the first of the batch. */
function placesIn(batch: Buffer, wants: (stream: StreamId) => boolean): readonly number[] {
  const places: number[] = [];
  let index = 0;
  walkBatch(batch, (_epoch, _n, kind, frame) => {
    index += 1;
    if (kind !== "stream_left" && wants(streamIdOf(frame, kind))) places.push(index);
  });
  return places;
}
