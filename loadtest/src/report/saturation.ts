/**
 * The saturation point: the load at which frames are first missing, or latency rises and stays
 * high.
 */

import { type Rhythm, rateAt } from "../schedule.ts";
import type { Second } from "../timeline.ts";
import type { Tally } from "../verify/tally.ts";

export type Saturation = {
  readonly kind: "loss" | "latency";
  /** Seconds after the start. */
  readonly at_s: number;
  /** What all emitters together were asked for at that moment. */
  readonly tokensPerSecond: number;
  /** 99th percentile in that second, and what it was while the load was small; microseconds. */
  readonly p99Us: number;
  readonly calmP99Us: number;
};

/** Latency has bent when it is so many times what it was at a small load, */
const BENT = 5;
/**
 * and no less than this, in microseconds: below it nobody feels it, and a busy neighbour of the
 * machine does as much,
 */
const BENT_US_MIN = 10_000;
/** for so many seconds. */
const BENT_S = 2;
/** Seconds at the beginning that show what is normal. */
const CALM_S = 3;

/** Null when nothing of the kind was seen. */
export function saturationOf(
  seconds: readonly Second[],
  rhythm: Rhythm,
  /** Of all conversations. */
  emitters: number,
): Saturation | null {
  const heard = seconds.filter((second) => second.tally.received > 0 || isHurt(second.tally));
  const calmP99Us = median(heard.slice(0, CALM_S).map((second) => second.latency.p99));
  const bentUs = Math.max(calmP99Us * BENT, BENT_US_MIN);
  const isBent = (second: Second | undefined) =>
    second?.isWhole === true && second.latency.p99 > bentUs;
  const lossAt = heard.findIndex((second) => isHurt(second.tally));
  const bentAt = heard.findIndex((_, index) =>
    Array.from({ length: BENT_S }, (_, more) => heard[index + more]).every(isBent),
  );
  const [at, kind] = earlier(lossAt, bentAt);
  const second = heard[at];
  if (second === undefined) return null;
  return {
    kind,
    at_s: second.at_s,
    tokensPerSecond: emitters * rateAt(rhythm, second.at_s + 0.5),
    p99Us: second.latency.p99,
    calmP99Us,
  };
}

function earlier(lossAt: number, bentAt: number): readonly [number, Saturation["kind"]] {
  const isLoss = lossAt >= 0 && (bentAt < 0 || lossAt <= bentAt);
  return isLoss ? [lossAt, "loss"] : [bentAt, "latency"];
}

function isHurt({
  lost,
  framesReported,
  gapsReported,
  doubled,
  reordered,
}: Readonly<Tally>): boolean {
  return lost + framesReported + gapsReported + doubled + reordered > 0;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
