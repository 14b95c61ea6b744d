/** The batches of a page as frames for one reader: what it wants, each frame once, holes shown. */
import { type Entry, formatCursor, type Page, type Position } from "@ams/log";
import { type CatchUp, cursorTail, encodeGap, formatSeq, type StreamId } from "@ams/protocol";
import { type FrameKind, walkBatch } from "../bus/batch.ts";
import type { LiveStream } from "../conversation/live-stream.ts";
import { Assembly } from "./assembly.ts";
import { asReplay, placeOf, streamIdOf, withTail } from "./kept-frame.ts";

export type PageReaderParts = {
  readonly tag: string;
  readonly wants: (stream: StreamId) => boolean;
  readonly mode: CatchUp;
};

export class PageReader {
  /** False once something before a page was removed: a stream may then begin with a hole. */
  isComplete = true;
  /** Whether frames are no longer replayed ones. */
  isLive = false;
  readonly #parts: PageReaderParts;
  readonly #assembly: Assembly | null;
  /** The last n of each epoch, until it ends. */
  readonly #lastN = new Map<number, number>();
  #frames: (string | Uint8Array)[] = [];

  constructor(parts: PageReaderParts) {
    this.#parts = parts;
    this.#assembly = parts.mode === "assembled" ? new Assembly() : null;
  }

  /** The frames after `from`, which is in the first entry or before it. */
  take(page: Page, from: Position): (string | Uint8Array)[] {
    this.#frames = [];
    for (const entry of page.entries) {
      const isFirst = entry.ms === from.ms && entry.seq === from.seq;
      this.#takeEntry(entry, isFirst ? from.frames : 0);
    }
    return this.#frames;
  }

  /** What is still to be sent of assembled tokens. */
  end(): readonly string[] {
    return this.#assembly?.flush() ?? [];
  }

  /** A frame that was delivered meanwhile, and the hole before it; nothing if it was read. */
  live(frame: Buffer | string): readonly (Buffer | string)[] {
    const bytes = typeof frame === "string" ? Buffer.from(frame) : frame;
    const kind = kindOf(bytes);
    const place = kind === null ? null : placeOf(bytes);
    if (kind === null || place === null) return [frame];
    const last = this.#lastN.get(place.epoch);
    if (last !== undefined && place.n <= last) return [];
    this.#lastN.set(place.epoch, place.n);
    if (last === undefined || place.n === last + 1) return [frame];
    return [gapText(streamIdOf(bytes, kind), place, last), frame];
  }

  /** Of streams that are here, and of which nothing was kept. */
  gapsOf(streams: Iterable<LiveStream>): readonly string[] {
    const gaps: string[] = [];
    for (const { entry } of streams) {
      const { stream_id, epoch } = entry;
      if (this.#lastN.has(epoch) || !this.#parts.wants(stream_id)) continue;
      gaps.push(encodeGap({ stream_id, after: null, before: null, reason: "not_kept" }));
    }
    return gaps;
  }

  /**
   * What passed here of streams and is not in the log, as when the store was away: the next live
   * frame of the stream would come after a hole. Where nothing has passed here yet, what was read
   * counts as passed, so that the next frame shows the hole.
   */
  tailsOf(streams: Iterable<LiveStream>): readonly string[] {
    const gaps: string[] = [];
    for (const stream of streams) {
      const { stream_id, epoch } = stream.entry;
      const read = this.#lastN.get(epoch);
      if (read === undefined || read === Number.POSITIVE_INFINITY) continue;
      stream.lastN ??= read;
      const { lastN } = stream;
      if (lastN <= read) continue;
      this.#lastN.set(epoch, lastN);
      if (this.#parts.wants(stream_id))
        gaps.push(gapText(stream_id, { epoch, n: lastN + 1 }, read));
    }
    return gaps;
  }

  #takeEntry(entry: Entry, skip: number): void {
    let index = 0;
    walkBatch(entry.batch, (epoch, n, kind, frame) => {
      index += 1;
      if (index <= skip) return;
      const stream = streamIdOf(frame, kind);
      if (!this.#parts.wants(stream)) return;
      if (kind === "stream_left") this.#takeLeft(entry, index, epoch, frame);
      else this.#takeFrame({ entry, index, epoch, n, kind, frame, stream });
    });
  }

  #takeFrame(one: {
    readonly entry: Entry;
    readonly index: number;
    readonly epoch: number;
    readonly n: number;
    readonly kind: FrameKind;
    readonly frame: Buffer;
    readonly stream: StreamId;
  }): void {
    const { epoch, n, kind, frame, stream } = one;
    const last = this.#lastN.get(epoch);
    if (last !== undefined && n <= last) return;
    this.#lastN.set(epoch, n);
    const isHole = last === undefined ? !this.isComplete && n > 1 : n > last + 1;
    if (isHole) {
      this.#frames.push(...(this.#assembly?.flush(epoch) ?? []));
      this.#frames.push(gapText(stream, { epoch, n }, last ?? null));
    }
    if (this.#assembly !== null && kind === "token") {
      this.#frames.push(...this.#assembly.add(epoch, n, frame));
      return;
    }
    this.#frames.push(...(this.#assembly?.flush(epoch) ?? []));
    this.#frames.push(this.#written(one.entry, one.index, frame));
  }

  /** Once for each epoch, also where several gateways have written it. */
  #takeLeft(entry: Entry, index: number, epoch: number, frame: Buffer): void {
    if (this.#lastN.get(epoch) === Number.POSITIVE_INFINITY) return;
    this.#lastN.set(epoch, Number.POSITIVE_INFINITY);
    this.#frames.push(...(this.#assembly?.flush(epoch) ?? []));
    this.#frames.push(this.#written(entry, index, frame));
  }

  #written({ ms, seq }: Entry, index: number, frame: Buffer): Buffer {
    if (this.#parts.mode !== "log") return asReplay(frame);
    const cursor = formatCursor(this.#parts.tag, { ms, seq, frames: index });
    return withTail(frame, Buffer.from(cursorTail(cursor, !this.isLive)));
  }
}

function gapText(
  stream_id: StreamId,
  { epoch, n }: { readonly epoch: number; readonly n: number },
  last: number | null,
): string {
  const after = last === null ? null : formatSeq(epoch, last);
  return encodeGap({ stream_id, after, before: formatSeq(epoch, n), reason: "not_kept" });
}

/** Of the frames that have a seq of their own. */
function kindOf(frame: Buffer): FrameKind | null {
  const head = frame.toString("latin1", 9, 25);
  if (head.startsWith('token"')) return "token";
  return head.startsWith('stream_metadata"') ? "stream_metadata" : null;
}
