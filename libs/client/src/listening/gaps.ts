/** Finds losses by seq (§4.6). One entry per live stream: a stream that leaves is forgotten. */
import { formatSeq, parseSeq, type Seq } from "@ams/protocol";

export type Loss = {
  readonly after: string | null;
  readonly before: string | null;
  /** Frames lost; null when unknown, which may also mean none. */
  readonly missing: number | null;
};

/**
 * The last seq of a stream, null when it has just joined, so that n = 1 comes next; `away` when it
 * may have said more since.
 */
type Position = { readonly last: Seq | null; readonly away: boolean };

/** Streams that have left between two cursors and are remembered. */
const LEFT_MAX = 10_000;

export class Gaps {
  // Without a position nothing is known of a stream.
  readonly #positions = new Map<string, Position>();
  /** The last seqs of streams that have left, for what is replayed: since a cursor, and before. */
  #left = new Map<string, Seq>();
  #leftBefore = new Map<string, Seq>();

  /**
   * The roster of a new connection. What is known of streams that are still there is kept, so that
   * a loss while away shows at their next frame. Returns what may be lost of those that are gone.
   */
  reset(present: readonly string[]): ReadonlyMap<string, Loss> {
    const lost = new Map<string, Loss>();
    const still = new Set(present);
    for (const [id, { last }] of this.#positions) {
      if (last !== null && still.has(id)) this.#positions.set(id, { last, away: true });
      else this.#positions.delete(id);
      if (last !== null && !still.has(id)) {
        lost.set(id, lossOf(last, null, null));
        this.#hasLeft(id, last);
      }
    }
    return lost;
  }

  /** True for a stream of which a frame has been received. */
  knows(id: string): boolean {
    return this.#lastOf(id) !== null;
  }

  /**
   * Frames of a stream that is still there were missed, nobody knows how many: the next one is then
   * no news.
   */
  missed(id: string): Loss {
    const last = this.#lastOf(id);
    this.#positions.delete(id);
    return lossOf(last, null, null);
  }

  /**
   * A stream came while this connection was there: its first frame will be the first of its epoch.
   */
  joined(id: string): void {
    this.#positions.set(id, { last: null, away: false });
  }

  /** A stream left. With its last seq (§4.6.3) a lost tail shows. */
  left(id: string, lastSeq: string | undefined): Loss | null {
    const position = this.#positions.get(id);
    this.#positions.delete(id);
    const end = read(lastSeq);
    const known = position?.last ?? null;
    if (known !== null) this.#hasLeft(id, known);
    if (position === undefined || end === null) return null;
    const { last, away } = position;
    if (last === null || last.epoch === end.epoch) return counted(last, null, end.n);
    return away || end.n > 0 ? lossOf(last, null, null) : null;
  }

  /**
   * A frame came: `"seen"` when it is not new, a loss when frames before it are missing, else null.
   */
  frame(id: string, seqText: string): Loss | "seen" | null {
    const seq = read(seqText);
    if (seq === null) return null;
    const position = this.#positions.get(id);
    if (isPast(position, seq)) return "seen";
    this.#positions.set(id, { last: seq, away: false });
    if (position === undefined) return null;
    const { last, away } = position;
    if (last === null || last.epoch === seq.epoch) return counted(last, seqText, seq.n - 1);
    const whole = seq.epoch > last.epoch && seq.n === 1 && !away;
    return whole ? null : lossOf(last, seqText, null);
  }

  /**
   * A frame from the log: `"seen"` when it came before. A loss before it is reported by the broker,
   * or shows here where the stream is known. `isHere`: the stream is live.
   */
  replayed(id: string, seqText: string, isHere: boolean): Loss | "seen" | null {
    const seq = read(seqText);
    if (seq === null) return null;
    const last = this.#lastOf(id) ?? this.#left.get(id) ?? this.#leftBefore.get(id) ?? null;
    const order = last === null ? 1 : seq.epoch - last.epoch || seq.n - last.n;
    if (order <= 0) return "seen";
    if (isHere) this.#positions.set(id, { last: seq, away: false });
    else this.#hasLeft(id, seq);
    const follows = last !== null && last.epoch === seq.epoch;
    return follows ? counted(last, seqText, seq.n - 1) : null;
  }

  /** Everything that was kept has come. */
  caughtUp(): void {
    for (const [id, { last }] of this.#positions) this.#positions.set(id, { last, away: false });
  }

  /** A new cursor: what left before the last one is not replayed any more. */
  cursor(): void {
    this.#leftBefore = this.#left;
    this.#left = new Map();
  }

  #hasLeft(id: string, last: Seq): void {
    if (this.#left.size < LEFT_MAX) this.#left.set(id, last);
  }

  /** The broker reported a loss (§4.7): the frame after it is then not reported again. */
  reported(id: string, after: string | null, before: string | null): Loss {
    const [from, next] = [read(after), read(before)];
    if (next === null) this.#positions.delete(id);
    else if (!isPast(this.#positions.get(id), next)) {
      this.#positions.set(id, { last: { ...next, n: next.n - 1 }, away: false });
    }
    const isCounted = next !== null && next.epoch === from?.epoch;
    return { after, before, missing: isCounted ? next.n - from.n - 1 : null };
  }

  #lastOf(id: string): Seq | null {
    return this.#positions.get(id)?.last ?? null;
  }
}

/** True when this frame was received already. */
function isPast(position: Position | undefined, seq: Seq): boolean {
  const last = position?.last;
  return last?.epoch === seq.epoch && last.n >= seq.n;
}

/** A loss up to the frame number `n` of the epoch; null when there is none. */
function counted(last: Seq | null, before: string | null, n: number): Loss | null {
  const missing = n - (last?.n ?? 0);
  return missing > 0 ? lossOf(last, before, missing) : null;
}

function lossOf(last: Seq | null, before: string | null, missing: number | null): Loss {
  return { after: last && formatSeq(last.epoch, last.n), before, missing };
}

function read(seq: string | null | undefined): Seq | null {
  return seq ? parseSeq(seq) : null;
}
