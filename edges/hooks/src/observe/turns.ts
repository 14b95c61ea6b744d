/** The turns of the streams of one conversation, put together from their tokens (§2.15.9). */
import { type AmsEvent, type StreamIdentity, TURN_PAUSE_MS, turnEndOf } from "@ams/client";
import { TEXT_BYTES_MAX, TURNS_MAX } from "../limits.ts";

export type Turn = StreamIdentity & {
  /** The seq of its first token. */
  readonly seq: string;
  /** The time of its last token, ISO. */
  readonly ts: string;
  readonly text: string;
  readonly truncated: boolean;
};

type Open = { turn: Turn; bytes: number; timer: NodeJS.Timeout };

export class Turns {
  readonly #ended: (turn: Turn) => void;
  readonly #open = new Map<string, Open>();

  constructor(ended: (turn: Turn) => void) {
    this.#ended = ended;
  }

  take(event: AmsEvent): void {
    if (event.type === "token" && turnEndOf(event) === null) {
      const { streamId, streamName, ownerAccountId, seq, ts, data } = event;
      this.#add({ streamId, streamName, ownerAccountId, seq, ts, text: data, truncated: false });
    } else if ("streamId" in event && event.streamId !== null && turnEndOf(event) !== null) {
      this.#end(event.streamId);
    }
  }

  /** What is open ends. */
  close(): void {
    for (const streamId of [...this.#open.keys()]) this.#end(streamId);
  }

  #add(piece: Turn): void {
    const { streamId, ts, text } = piece;
    const open = this.#open.get(streamId);
    if (open !== undefined) clearTimeout(open.timer);
    else if (this.#open.size >= TURNS_MAX) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.#end(oldest);
    }
    const timer = setTimeout(() => this.#end(streamId), TURN_PAUSE_MS);
    const bytes = (open?.bytes ?? 0) + Buffer.byteLength(text);
    const before = open?.turn ?? { ...piece, text: "" };
    const isOver = bytes > TEXT_BYTES_MAX;
    const whole = before.truncated ? before.text : cut(before.text + text);
    const turn = { ...before, ts, text: whole, truncated: before.truncated || isOver };
    this.#open.set(streamId, { turn, bytes, timer });
  }

  #end(streamId: string): void {
    const open = this.#open.get(streamId);
    if (open === undefined) return;
    clearTimeout(open.timer);
    this.#open.delete(streamId);
    this.#ended(open.turn);
  }
}

/** The first `TEXT_BYTES_MAX` bytes, with no character cut in two. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= TEXT_BYTES_MAX) return text;
  let end = TEXT_BYTES_MAX;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}
