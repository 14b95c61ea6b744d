/** Finds losses by seq (§4.6). One entry per live stream: a stream that leaves is forgotten. */
import { formatSeq, parseSeq, type Seq } from "@ams/protocol";

export type Loss = {
  readonly after: string | null;
  readonly before: string | null;
  /** Frames lost; null when unknown, which may also mean none. */
  readonly missing: number | null;
};

/** What is known of a stream: nothing; that it has just joined, so that n = 1 comes next; or its last seq. */
type Place =
  | { readonly at: "unknown" }
  | { readonly at: "start" }
  | { readonly at: "seq"; readonly seq: Seq; readonly away: boolean };

const UNKNOWN: Place = { at: "unknown" };

export class Gaps {
  readonly #places = new Map<string, Place>();

  /**
   * The roster of a new connection. What is known of streams that are still there is kept, so that a loss
   * while away shows at their next frame. Returns what may be lost of those that are gone.
   */
  reset(present: readonly string[]): ReadonlyMap<string, Loss> {
    const lost = new Map<string, Loss>();
    const still = new Set(present);
    for (const [id, place] of this.#places) {
      if (still.has(id)) continue;
      this.#places.delete(id);
      if (place.at === "seq") lost.set(id, { after: text(place.seq), before: null, missing: null });
    }
    for (const id of present) {
      const place = this.#places.get(id);
      this.#places.set(id, place?.at === "seq" ? { ...place, away: true } : UNKNOWN);
    }
    return lost;
  }

  /** True for a stream of which a frame has been heard. */
  knows(id: string): boolean {
    return this.#places.get(id)?.at === "seq";
  }

  /** Frames of a stream that is still there were missed, nobody knows how many: the next one is then no news. */
  missed(id: string): Loss {
    const place = this.#places.get(id);
    this.#places.set(id, UNKNOWN);
    const after = place?.at === "seq" ? text(place.seq) : null;
    return { after, before: null, missing: null };
  }

  /** A stream came while this connection was there: its first frame will be the first of its epoch. */
  joined(id: string): void {
    this.#places.set(id, { at: "start" });
  }

  /** A stream left. With its last seq (§4.6.3) a lost tail shows. */
  left(id: string, lastSeq: string | undefined): Loss | null {
    const place = this.#places.get(id) ?? UNKNOWN;
    this.#places.delete(id);
    const last = lastSeq === undefined ? null : parseSeq(lastSeq);
    if (last === null || place.at === "unknown") return null;
    if (place.at === "start") return loss(null, null, last.n);
    if (last.epoch !== place.seq.epoch) {
      return last.n > 0 || place.away ? loss(place.seq, null, null) : null;
    }
    return loss(place.seq, null, last.n - place.seq.n);
  }

  /** A frame came: `"seen"` when it is not new, a loss when frames before it are missing, else null. */
  frame(id: string, seqText: string): Loss | "seen" | null {
    const seq = parseSeq(seqText);
    if (seq === null) return null;
    const place = this.#places.get(id) ?? UNKNOWN;
    if (place.at === "seq" && seq.epoch === place.seq.epoch && seq.n <= place.seq.n) return "seen";
    this.#places.set(id, { at: "seq", seq, away: false });
    if (place.at === "unknown") return null;
    if (place.at === "start") return loss(null, seqText, seq.n - 1);
    if (seq.epoch === place.seq.epoch) return loss(place.seq, seqText, seq.n - place.seq.n - 1);
    const whole = seq.epoch > place.seq.epoch && seq.n === 1 && !place.away;
    return whole ? null : loss(place.seq, seqText, null);
  }

  /** The broker told of a loss (§4.7): the frame behind it is then no news. */
  told(id: string, after: string | null, before: string | null): Loss {
    const place = this.#places.get(id) ?? UNKNOWN;
    const next = before === null ? null : parseSeq(before);
    const from = after === null ? null : parseSeq(after);
    if (!isPast(place, next)) this.#places.set(id, next === null ? UNKNOWN : justBefore(next));
    const counted = next !== null && from !== null && next.epoch === from.epoch;
    return { after, before, missing: counted ? next.n - from.n - 1 : null };
  }
}

function justBefore(next: Seq): Place {
  return { at: "seq", seq: { epoch: next.epoch, n: next.n - 1 }, away: false };
}

function isPast(place: Place, next: Seq | null): boolean {
  if (place.at !== "seq" || next === null) return false;
  return place.seq.epoch === next.epoch && place.seq.n >= next.n;
}

function loss(after: Seq | null, before: string | null, missing: number | null): Loss | null {
  return missing !== null && missing <= 0
    ? null
    : { after: after === null ? null : text(after), before, missing };
}

function text(seq: Seq): string {
  return formatSeq(seq.epoch, seq.n);
}
