/** The frames of the wire with their cursors, from their text. */
import type { Entry } from "./window.ts";

/** What a frame is to a feed; null for one that has no place in the log. */
export type Read =
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "gap"; readonly json: string }
  | { readonly kind: "joined"; readonly cursor: string }
  | {
      readonly kind: "live";
      readonly cursor: string;
      /** As the wire has it, when something behind the place is gone and no `x_gap` says so. */
      readonly hole: string | null;
    }
  | null;

/** A kept frame ends so; what is live ends without the first member. */
const REPLAY = ',"replay":true,"cursor":"';

/** `gaps`: the holes before it. */
export function readFrame(text: string, gaps: readonly string[]): Read {
  const frame: Readonly<Record<string, unknown>> = JSON.parse(text);
  const { type, cursor } = frame;
  if (type === "x_gap") return { kind: "gap", json: text };
  if (typeof cursor !== "string") return null;
  if (type === "joined") return { kind: "joined", cursor };
  if (type === "x_live")
    return { kind: "live", cursor, hole: frame.complete === false ? text : null };
  if (type !== "token" && type !== "stream_metadata" && type !== "stream_left") return null;
  const { stream_name, seq, data } = frame;
  const [epoch = 0, n = 0] = typeof seq === "string" ? seq.split("-").map(Number) : [];
  const entry = {
    cursor,
    // The same text for whoever reads it, whenever it came here.
    json: withoutReplay(text),
    gaps,
    streamName: String(stream_name),
    epoch,
    n: type === "stream_left" ? 0 : n,
    data: type === "token" && typeof data === "string" ? data : null,
    isEnd: type === "stream_left",
  };
  return { kind: "entry", entry };
}

function withoutReplay(text: string): string {
  const at = text.lastIndexOf(REPLAY);
  const isTail = at >= 0 && text.indexOf('"', at + REPLAY.length) === text.length - 2;
  return isTail ? `${text.slice(0, at)},"cursor":"${text.slice(at + REPLAY.length)}` : text;
}
