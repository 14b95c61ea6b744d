/**
 * A token becomes a frame here, once: the still escaped text that the client sent is spliced
 * between pieces that were prepared when the stream joined. The frame is written where it is needed
 * next, at the end of its conversation's batch.
 */
import { DATA_KEY, encodeTokenHead, SEQ_KEY, type StreamIdentity } from "@ams/protocol";
import type { Socket } from "../accept/sockets.ts";
import type { BatchWriter } from "../bus/batch.ts";
import { ISO_LENGTH, toIso } from "../time.ts";
import type { Subscription } from "./audience.ts";
import type { LiveStream } from "./live-stream.ts";

const DATA_KEY_BYTES = Buffer.from(DATA_KEY);
const CLOSING_BRACE = 0x7d;
const DIGIT_ZERO = 0x30;

/** Bytes up to which a loop copies faster than a view and the library's copy of it. */
const SHORT_BYTES = 96;

/**
 * The beginning of every token frame of one connection, from the brace to the dash in the seq. The
 * time in it is the last frame's.
 */
export type TokenHead = {
  readonly bytes: Buffer;
  readonly timeAt: number;
  /** Unix milliseconds. */
  ms: number;
};

/** A session as far as its frames depend on it. */
export type EmittingSession = {
  readonly stream: LiveStream;
  readonly terms: { readonly subscription: Subscription; readonly receipts: boolean };
  /** Null when it has gone. */
  readonly socket: Socket | null;
  readonly head: TokenHead;
};

export function prepareHead(stream: StreamIdentity & { readonly epoch: number }): TokenHead {
  const fixed = encodeTokenHead(stream);
  const bytes = Buffer.from(`${fixed}${" ".repeat(ISO_LENGTH)}${SEQ_KEY}${stream.epoch}-`);
  return { bytes, timeAt: Buffer.byteLength(fixed), ms: Number.NaN };
}

/**
 * Writes a token frame into the batch and returns a view of it, good until the batch is taken.
 * `data` are its bytes from `start` to `end`.
 */
export function emitToken(
  batch: BatchWriter,
  head: TokenHead,
  place: { readonly epoch: number; readonly n: number; readonly ms: number },
  data: Uint8Array,
  start: number,
  end: number,
): Buffer {
  const { bytes } = head;
  if (place.ms !== head.ms) {
    bytes.write(toIso(place.ms), head.timeAt, "latin1");
    head.ms = place.ms;
  }
  const digits = countDigits(place.n);
  const size = bytes.length + digits + DATA_KEY_BYTES.length + (end - start) + 1;
  const frame = batch.append(place.epoch, place.n, "token", size);
  frame.set(bytes, 0);
  const afterSeq = bytes.length + digits;
  writeDigits(frame, afterSeq, place.n);
  copy(DATA_KEY_BYTES, 0, DATA_KEY_BYTES.length, frame, afterSeq);
  copy(data, start, end, frame, afterSeq + DATA_KEY_BYTES.length);
  frame[size - 1] = CLOSING_BRACE;
  return frame;
}

function copy(from: Uint8Array, start: number, end: number, to: Buffer, at: number): void {
  if (end - start > SHORT_BYTES) {
    to.set(from.subarray(start, end), at);
    return;
  }
  for (let index = start; index < end; index += 1) to[at + index - start] = from[index] ?? 0;
}

function countDigits(n: number): number {
  let digits = 1;
  for (let limit = 10; n >= limit; limit *= 10) digits += 1;
  return digits;
}

/** Writes a whole number in decimal so that it ends before `end`. */
function writeDigits(to: Buffer, end: number, n: number): void {
  let left = n;
  let at = end;
  do {
    const rest = Math.floor(left / 10);
    at -= 1;
    to[at] = DIGIT_ZERO + left - rest * 10;
    left = rest;
  } while (left > 0);
}
