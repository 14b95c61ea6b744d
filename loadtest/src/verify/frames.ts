/** The frames that a load run looks at, from their text, as they come over the wire (§4.5). */
import { readSeq, type Seq } from "./seq.ts";

export type Received =
  | {
      readonly type: "token";
      readonly streamId: string;
      readonly streamName: string;
      readonly seq: Seq;
      readonly data: string;
    }
  | {
      readonly type: "stream_metadata";
      readonly streamId: string;
      readonly streamName: string;
      readonly seq: Seq;
    }
  | { readonly type: "joined"; readonly streamId: string; readonly epoch: number }
  | {
      readonly type: "stream_left";
      readonly streamId: string;
      readonly streamName: string;
      readonly seq: Seq | null;
    }
  | {
      readonly type: "x_gap";
      readonly streamId: string;
      readonly after: Seq | null;
      readonly before: Seq | null;
    }
  /** Of no interest here, or of a type that came later than this program (§4.2). */
  | { readonly type: "other" }
  | { readonly type: "unreadable" };

const OTHER: Received = { type: "other" };
const UNREADABLE: Received = { type: "unreadable" };

/** Frames of these beginnings are many, long, and say nothing that is counted here. */
const PASSED_OVER = '{"type":"stream_joined"';

export function readFrame(text: string): Received {
  if (text.startsWith(PASSED_OVER)) return OTHER;
  try {
    return read(Object(JSON.parse(text)));
  } catch {
    return UNREADABLE;
  }
}

function read(frame: Readonly<Record<string, unknown>>): Received {
  const { type, stream_id: streamId, stream_name: streamName, epoch, data } = frame;
  if (typeof type !== "string") return UNREADABLE;
  const seq = readSeq(frame.seq);
  switch (type) {
    case "token":
      return typeof streamId === "string" &&
        typeof streamName === "string" &&
        typeof data === "string" &&
        seq !== null
        ? { type, streamId, streamName, seq, data }
        : UNREADABLE;
    case "stream_metadata":
      return typeof streamId === "string" && typeof streamName === "string" && seq !== null
        ? { type, streamId, streamName, seq }
        : UNREADABLE;
    case "joined":
      return typeof streamId === "string" && typeof epoch === "number"
        ? { type, streamId, epoch }
        : UNREADABLE;
    case "stream_left":
      return typeof streamId === "string" && typeof streamName === "string"
        ? { type, streamId, streamName, seq }
        : UNREADABLE;
    case "x_gap":
      return typeof streamId === "string"
        ? { type, streamId, after: readSeq(frame.after), before: readSeq(frame.before) }
        : UNREADABLE;
    default:
      return OTHER;
  }
}
