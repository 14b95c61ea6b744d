/**
 * Holds one stream, as one subscriber hears it, to what §4.6, §5.2 and §5.3 promise: each frame
 * once, in order, none missing.
 */
import type { Seq } from "./seq.ts";
import type { Tally } from "./tally.ts";

/** Numbers that have not come, `from` and `to` included. */
type Hole = { readonly from: number; readonly to: number };

export type Outcome = "new" | "late" | "doubled";

/**
 * A number that is jumped over counts as lost at once; if it comes after all, it was reordered
 * instead; if the broker reports it (§4.7), it was reported.
 */
export class SeqCheck {
  readonly #tally: Tally;
  readonly #fromFirst: boolean;
  #epoch: number | null = null;
  #next = 1;
  #holes: Hole[] = [];
  /**
   * The next jump is excused: the broker said that frames are missing, and not how many, or the
   * reader was away by its own doing.
   */
  #excused: "reported" | "away" | null = null;

  /** `fromFirst`: the reader was there before the stream's first frame, which is then n = 1. */
  constructor(tally: Tally, fromFirst: boolean) {
    this.#tally = tally;
    this.#fromFirst = fromFirst;
  }

  frame({ epoch, n }: Seq): Outcome {
    if (this.#epoch === null || epoch > this.#epoch) this.#begin(epoch, n);
    if (this.#epoch !== null && epoch < this.#epoch) {
      // Of a connection whose successor has been heard: fenced too late (§3.5.1).
      this.#tally.reordered += 1;
      return "late";
    }
    if (n < this.#next) return this.#earlier(n);
    this.#jumpTo(n);
    this.#next = n + 1;
    return "new";
  }

  /** The broker reported that what lies between is lost (§4.7). */
  gap(after: Seq | null, before: Seq | null): void {
    this.#tally.gapsReported += 1;
    if (before === null) {
      this.#excused = "reported";
      return;
    }
    if (before.epoch !== this.#epoch) {
      if (this.#epoch !== null && before.epoch < this.#epoch) return;
      this.#begin(before.epoch, before.n);
      this.#next = before.n;
      return;
    }
    const from = after?.epoch === before.epoch ? after.n + 1 : 1;
    this.#tally.framesReported += this.#excuse(from, before.n - 1);
    if (before.n <= this.#next) return;
    this.#tally.framesReported += before.n - this.#next;
    this.#next = before.n;
  }

  /**
   * How many frames up to `last` are still expected, beside those that were jumped over: none of a
   * reader that was away and has not heard the stream since.
   */
  outstanding(last: Seq): number {
    return this.#excused === "away" ? 0 : this.#missing(last);
  }

  #missing(last: Seq): number {
    if (this.#epoch === null) return this.#fromFirst ? last.n : 0;
    return last.epoch === this.#epoch ? Math.max(0, last.n - this.#next + 1) : 0;
  }

  /**
   * The stream ended, or everything sent has had its time: what is missing up to `last` is not
   * coming.
   */
  end(last: Seq): void {
    const missing = this.#missing(last);
    if (missing === 0) return;
    this.#epoch = last.epoch;
    this.#jumpTo(last.n + 1);
    this.#next = last.n + 1;
  }

  /** The reader was away, as it knew: it goes on with whatever comes next. */
  excuse(by: "reported" | "away" = "reported"): void {
    this.#excused = by;
  }

  #begin(epoch: number, n: number): void {
    const isKnown = this.#epoch !== null || this.#fromFirst;
    this.#epoch = epoch;
    this.#holes = [];
    this.#next = isKnown && this.#excused === null ? 1 : n;
  }

  #earlier(n: number): Outcome {
    const index = this.#holes.findIndex((hole) => hole.from <= n && n <= hole.to);
    const hole = this.#holes[index];
    if (hole === undefined) {
      this.#tally.doubled += 1;
      return "doubled";
    }
    this.#holes.splice(index, 1, ...without(hole, n, n));
    this.#tally.lost -= 1;
    this.#tally.reordered += 1;
    return "late";
  }

  #jumpTo(n: number): void {
    const missing = n - this.#next;
    if (missing > 0 && this.#excused === "reported") this.#tally.framesReported += missing;
    else if (missing > 0 && this.#excused === "away") this.#tally.away += missing;
    else if (missing > 0) {
      this.#tally.lost += missing;
      this.#holes.push({ from: this.#next, to: n - 1 });
    }
    this.#excused = null;
  }

  /** Takes the numbers `from` to `to` out of what is missing, and returns how many were. */
  #excuse(from: number, to: number): number {
    let count = 0;
    this.#holes = this.#holes.flatMap((hole) => {
      const overlap = Math.min(hole.to, to) - Math.max(hole.from, from) + 1;
      if (overlap <= 0) return [hole];
      count += overlap;
      return without(hole, from, to);
    });
    this.#tally.lost -= count;
    return count;
  }
}

/** What is left of a hole when the numbers `from` to `to` are taken out of it. */
function without(hole: Hole, from: number, to: number): Hole[] {
  const before = { from: hole.from, to: Math.min(hole.to, from - 1) };
  const after = { from: Math.max(hole.from, to + 1), to: hole.to };
  return [before, after].filter((rest) => rest.from <= rest.to);
}
