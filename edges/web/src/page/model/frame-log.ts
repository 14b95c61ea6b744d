/** The raw frames of a connection, exactly as they were on the wire, the latest of them. */
import { BoundedList, type Bounds } from "./bounded-list.ts";

/** How a frame is coloured: by its type, and `self` for what this page sent. */
export type FrameKind = "token" | "self" | "join" | "left" | "sys";

export type Frame = {
  readonly key: number;
  readonly kind: FrameKind;
  /** `type`, and whose it is. */
  readonly head: string;
  /** Milliseconds of this machine's clock. */
  readonly atMs: number;
  readonly text: string;
};

/** What the log keeps: enough to look back, and a few megabytes. */
const BOUNDS: Bounds = { itemsMax: 2_000, charactersMax: 4_000_000 };

/** Characters that a frame costs beside its text. */
const FRAME_CHARACTERS = 150;

export class FrameLog {
  readonly #list: BoundedList<Frame>;
  #nextKey = 0;

  constructor(bounds: Bounds = BOUNDS) {
    this.#list = new BoundedList(bounds);
  }

  get all(): readonly Frame[] {
    return this.#list.items;
  }

  get dropped(): number {
    return this.#list.dropped;
  }

  push(text: string, direction: "in" | "out", atMs: number): void {
    const { type, streamName } = peek(text);
    const head = headOf(type, streamName, direction);
    const kind = direction === "out" ? "self" : kindOf(type);
    this.#list.push({ key: this.#nextKey, kind, head, atMs, text }, text.length + FRAME_CHARACTERS);
    this.#nextKey += 1;
  }
}

/**
 * The frames that hold some words, found anew only in what is new: a log is looked at in every
 * animation frame.
 */
export class FrameFilter {
  #words = "";
  #lastKey = -1;
  #found: Frame[] = [];

  /**
   * Those of `frames` whose text or head holds the words, in any case; all of them when there are
   * none.
   */
  apply(frames: readonly Frame[], words: string): readonly Frame[] {
    const wanted = words.trim().toLowerCase();
    if (wanted !== this.#words) {
      this.#words = wanted;
      this.#lastKey = -1;
      this.#found = [];
    }
    if (wanted === "") return frames;
    const firstKey = frames[0]?.key ?? 0;
    const start = Math.max(0, this.#lastKey + 1 - firstKey); // Keys count up without a hole.
    const found = frames.slice(start).filter((frame) => holds(frame, wanted));
    this.#found = [...this.#found.filter(({ key }) => key >= firstKey), ...found];
    this.#lastKey = frames.at(-1)?.key ?? this.#lastKey;
    return this.#found;
  }
}

/**
 * A frame as it is read: characters that would turn the rest of it around stand as JSON escapes
 * them, which is the same JSON. A copy has the frame as it came.
 */
export function legible(text: string): string {
  return text.replace(TURNING, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const TURNING = /\p{Bidi_Control}/gu;

function holds({ text, head }: Frame, words: string): boolean {
  return text.toLowerCase().includes(words) || head.toLowerCase().includes(words);
}

function kindOf(type: string): FrameKind {
  switch (type) {
    case "token":
      return "token";
    case "joined":
    case "stream_joined":
      return "join";
    case "stream_left":
      return "left";
    default:
      return "sys";
  }
}

function headOf(type: string, streamName: string | null, direction: "in" | "out"): string {
  if (direction === "out") return `${type} sent`;
  return streamName === null ? type : `${type} ${streamName}`;
}

/** A frame is shown whatever it holds: what can't be read has no type. */
function peek(text: string): { readonly type: string; readonly streamName: string | null } {
  try {
    const frame: unknown = JSON.parse(text);
    if (typeof frame !== "object" || frame === null) return { type: "frame", streamName: null };
    const type = "type" in frame && typeof frame.type === "string" ? frame.type : "frame";
    const name = "stream_name" in frame && typeof frame.stream_name === "string";
    return { type, streamName: name ? String(frame.stream_name) : null };
  } catch {
    return { type: "frame", streamName: null };
  }
}
