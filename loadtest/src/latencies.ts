/**
 * Latencies in microseconds as a histogram with three significant digits, and in a form that goes
 * from process to process.
 */
import { Int32Histogram } from "hdr-histogram-js";

/** Microseconds: what is slower counts as this. Ten minutes is longer than any connection waits. */
const LATENCY_US_MAX = 600_000_000;
const DIGITS = 3;

/** Value, count, value, count, …: the values that were recorded, rising. */
export type Recorded = readonly number[];

/** Microseconds; all 0 when nothing was recorded. */
export type Percentiles = {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly mean: number;
};

export class Latencies {
  readonly #histogram = new Int32Histogram(1, LATENCY_US_MAX, DIGITS);

  /** A clock that is shared never runs backwards, but rounding can: below 1 counts as 1. */
  record(latencyUs: number): void {
    this.#histogram.recordValue(inRange(latencyUs));
  }

  add(recorded: Recorded): void {
    for (let at = 0; at + 1 < recorded.length; at += 2) {
      this.#histogram.recordValueWithCount(inRange(recorded[at] ?? 0), recorded[at + 1] ?? 0);
    }
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  percentiles(): Percentiles {
    const histogram = this.#histogram;
    const isEmpty = this.count === 0;
    const at = (percentile: number) => (isEmpty ? 0 : histogram.getValueAtPercentile(percentile));
    return {
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      max: at(100),
      mean: isEmpty ? 0 : Math.round(histogram.mean),
    };
  }

  recorded(): Recorded {
    const pairs: number[] = [];
    const histogram = this.#histogram;
    if (this.count === 0) return pairs;
    const last = histogram.countsArrayIndex(histogram.maxValue);
    for (let index = 0; index <= last; index += 1) {
      const count = histogram.getCountAtIndex(index);
      if (count > 0) pairs.push(histogram.valueFromIndex(index), count);
    }
    return pairs;
  }

  /** What was recorded since the last call. */
  take(): Recorded {
    const recorded = this.recorded();
    if (recorded.length > 0) this.#histogram.reset();
    return recorded;
  }
}

function inRange(latencyUs: number): number {
  return Math.min(LATENCY_US_MAX, Math.max(1, Math.round(latencyUs)));
}
