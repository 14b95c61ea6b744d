/**
 * A kept frame as bytes: whose it is, where it is in its stream, what its data is. All are found by
 * the form in which `encode.ts` writes frames; nothing is parsed.
 */
import { type JsonText, REPLAY_TAIL, type StreamId, type StreamName } from "@ams/protocol";
import type { FrameKind } from "../bus/batch.ts";

const STREAM_ID_CHARACTERS = 30;
const NAME_KEY = '","stream_name":"';
/** Within data and identities a quote is escaped, so that this is the key itself. */
const DATA_KEY = Buffer.from('","data":');
const SEQ_KEY = Buffer.from('"seq":"');
const QUOTE = 0x22;
const TAIL = Buffer.from(REPLAY_TAIL);

/** Where the id begins: `{"type":"<kind>","stream_id":"`. */
function idAt(kind: FrameKind): number {
  return kind.length + '{"type":"","stream_id":"'.length;
}

export function streamIdOf(frame: Buffer, kind: FrameKind): StreamId {
  const at = idAt(kind);
  return frame.toString("latin1", at, at + STREAM_ID_CHARACTERS) as StreamId;
}

export function streamNameOf(frame: Buffer, kind: FrameKind): StreamName {
  const at = idAt(kind) + STREAM_ID_CHARACTERS + NAME_KEY.length;
  return frame.toString("latin1", at, frame.indexOf(QUOTE, at)) as StreamName;
}

/** The data of a token frame, the JSON string that it is. */
export function dataOf(frame: Buffer): JsonText {
  const at = frame.lastIndexOf(DATA_KEY) + DATA_KEY.length;
  return frame.toString("utf8", at, frame.length - 1) as JsonText;
}

/** The seq of a token or metadata frame as it is delivered; null of any other frame. */
export function placeOf(frame: Buffer): { readonly epoch: number; readonly n: number } | null {
  const data = frame.lastIndexOf(DATA_KEY);
  const end = data < 0 ? frame.length - 2 : data;
  const at = frame.lastIndexOf(SEQ_KEY, end);
  if (at < 0) return null;
  const parts = /^(\d{1,15})-(\d{1,15})$/.exec(
    frame.toString("latin1", at + SEQ_KEY.length, Math.min(end, at + 40)),
  );
  return parts === null ? null : { epoch: Number(parts[1]), n: Number(parts[2]) };
}

/** The frame with `"replay":true`. */
export function asReplay(frame: Buffer): Buffer {
  return withTail(frame, TAIL);
}

/** The frame with other members behind its own instead of its brace. */
export function withTail(frame: Buffer, tail: Buffer): Buffer {
  return Buffer.concat([frame.subarray(0, frame.length - 1), tail]);
}
