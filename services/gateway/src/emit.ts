/**
 * A token becomes a frame here, once: the still escaped text that the client sent is spliced between pieces that were
 * prepared when the stream joined. The frame is written where it is needed next, at the end of its conversation's batch.
 */
import { DATA_KEY, encodeTokenHead, formatSeq, SEQ_KEY, type StreamIdentity } from "@ams/protocol";
import type { BatchWriter } from "./batch.ts";
import { ISO_LENGTH, toIso } from "./time.ts";

const SEQ_KEY_BYTES = Buffer.from(SEQ_KEY);
const DATA_KEY_BYTES = Buffer.from(DATA_KEY);
const CLOSING_BRACE = 0x7d;

/** What is the same in every token frame of one connection. */
export type TokenHead = Buffer;

export function prepareHead(stream: StreamIdentity): TokenHead {
  return Buffer.from(encodeTokenHead(stream));
}

/** Writes a token frame into the batch and returns a view of it, good until the batch is taken. */
export function emitToken(
  batch: BatchWriter,
  head: TokenHead,
  place: { readonly epoch: number; readonly n: number; readonly ms: number },
  data: Uint8Array,
): Buffer {
  const seq = formatSeq(place.epoch, place.n);
  const fixed = head.length + ISO_LENGTH + SEQ_KEY_BYTES.length + DATA_KEY_BYTES.length + 1;
  const frame = batch.append(place.epoch, place.n, "token", fixed + seq.length + data.length);
  frame.set(head, 0);
  let at = head.length;
  at += frame.write(toIso(place.ms), at, "latin1");
  frame.set(SEQ_KEY_BYTES, at);
  at += SEQ_KEY_BYTES.length;
  at += frame.write(seq, at, "latin1");
  frame.set(DATA_KEY_BYTES, at);
  at += DATA_KEY_BYTES.length;
  frame.set(data, at);
  frame[at + data.length] = CLOSING_BRACE;
  return frame;
}
