/**
 * Whether a reader holds every frame of a stream in order, or had an `x_gap` for those that it
 * doesn't hold (§4.7).
 */
import { expect } from "vitest";
import { readSeq } from "../conformance/invariants.ts";
import type { FrameOf, Subscriber } from "../conformance/subscriber.ts";

export type Seq = { readonly epoch: number; readonly n: number };

/** The tokens of a stream that this reader heard, in order of arrival. */
export function tokensOf(reader: Subscriber, streamId: string): FrameOf<"token">[] {
  return reader.frames.filter(
    (frame): frame is FrameOf<"token"> => frame.type === "token" && frame.stream_id === streamId,
  );
}

/** The losses in a stream that were reported to this reader. */
export function gapsOf(reader: Subscriber, streamId: string): FrameOf<"x_gap">[] {
  return reader.frames.filter(
    (frame): frame is FrameOf<"x_gap"> => frame.type === "x_gap" && frame.stream_id === streamId,
  );
}

/** How often this reader was notified that the stream joined. */
export function countJoined(reader: Subscriber, streamId: string): number {
  return count(reader, "stream_joined", streamId);
}

/** How often it was notified that the stream left. */
export function countLeft(reader: Subscriber, streamId: string): number {
  return count(reader, "stream_left", streamId);
}

function count(reader: Subscriber, type: "stream_joined" | "stream_left", streamId: string) {
  return reader.frames.filter((frame) => frame.type === type && frame.stream_id === streamId)
    .length;
}

/**
 * The last n of the stream that this reader has heard or knows to be lost, while the stream has one
 * epoch.
 */
export function knowsOf(reader: Subscriber, streamId: string): number {
  const heard = tokensOf(reader, streamId).map(({ seq }) => readSeq(seq).n);
  const lost = gapsOf(reader, streamId).map(({ before }) => readSeq(before ?? "0-1").n - 1);
  return Math.max(0, ...heard, ...lost);
}

/**
 * Fails unless the stream's tokens came in the order of their seqs, none of them twice (§5.2, §5.3,
 * §3.5.1).
 */
export function expectInOrder(reader: Subscriber, streamId: string): void {
  const seqs = tokensOf(reader, streamId).map(({ seq }) => readSeq(seq));
  const late = seqs.filter((seq, index) => {
    const before = seqs[index - 1];
    return before !== undefined && !isBefore(before, seq);
  });
  expect(late, "seqs that came after a later one").toEqual([]);
}

/**
 * Fails unless each seq from `first` to `last` (of one epoch) was heard or lies in an `x_gap`.
 * Returns how many were lost.
 */
export function expectNothingSilent(
  reader: Subscriber,
  streamId: string,
  { epoch, first, last }: { readonly epoch: number; readonly first: number; readonly last: number },
): number {
  const seqs = tokensOf(reader, streamId).map(({ seq }) => readSeq(seq));
  const heard = new Set(seqs.filter((seq) => seq.epoch === epoch).map(({ n }) => n));
  const gaps = gapsOf(reader, streamId);
  const lost: number[] = [];
  for (let n = first; n <= last; n += 1) if (!heard.has(n)) lost.push(n);
  const silent = lost.filter((n) => !gaps.some((gap) => covers(gap, { epoch, n })));
  expect(silent, `n of epoch ${epoch} lost without x_gap`).toEqual([]);
  return lost.length;
}

function covers({ after, before }: FrameOf<"x_gap">, seq: Seq): boolean {
  const isAfter = after === null || isBefore(readSeq(after), seq);
  return isAfter && (before === null || isBefore(seq, readSeq(before)));
}

function isBefore(one: Seq, other: Seq): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.n < other.n);
}
