/**
 * How far a tab has come in a conversation that keeps messages: a cursor, and the last frame of
 * each stream, as what is kept may be sent again a little from before the cursor.
 */

/** Streams whose last frame is remembered; of an earlier one frames may be shown twice. */
const STREAMS_MAX = 500;

type Seq = readonly [epoch: number, n: number];

export class Position {
  /** Null where the conversation keeps nothing, or nothing has come yet. */
  cursor: string | null = null;
  readonly #last = new Map<string, string>();

  /** Takes a frame of a stream: false when it has come before. */
  take(streamId: string, seq: string): boolean {
    const last = this.#last.get(streamId);
    if (last !== undefined && !isAfter(seq, last)) return false;
    this.#last.delete(streamId); // The map's order is that of the latest frames.
    this.#last.set(streamId, seq);
    if (this.#last.size > STREAMS_MAX) {
      const [oldest] = this.#last.keys();
      if (oldest !== undefined) this.#last.delete(oldest);
    }
    return true;
  }

  toText(): string {
    return JSON.stringify({ cursor: this.cursor, last: [...this.#last] });
  }

  /** What is no position is the beginning. */
  static from(text: string | null): Position {
    const position = new Position();
    try {
      const { cursor, last }: { readonly cursor?: unknown; readonly last?: unknown } = Object(
        JSON.parse(text ?? "{}"),
      );
      if (typeof cursor === "string") position.cursor = cursor;
      for (const entry of Array.isArray(last) ? last.slice(-STREAMS_MAX) : []) {
        const [streamId, seq]: readonly unknown[] = Array.isArray(entry) ? entry : [];
        if (typeof streamId === "string" && typeof seq === "string") position.take(streamId, seq);
      }
    } catch {
      // Nothing was kept that can be read.
    }
    return position;
  }
}

function isAfter(seq: string, other: string): boolean {
  const [epoch, n] = partsOf(seq);
  const [otherEpoch, otherN] = partsOf(other);
  return epoch > otherEpoch || (epoch === otherEpoch && n > otherN);
}

function partsOf(seq: string): Seq {
  const [epoch = "", n = ""] = seq.split("-");
  return [Number(epoch), Number(n)];
}
