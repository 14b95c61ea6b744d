/**
 * What one group counts, and the marker by which a token is known again. The native client counts
 * the same: ../../client/tokens.c.
 */
import { build, type Histogram } from "hdr-histogram-js";
import type { GroupResult, Spread } from "../load-result.ts";
import type { Line } from "./parsed-spec.ts";

/** `@`, 4 hex digits of the emitter, 10 of its count, 16 of the time in ns, `.` */
export const MARKER_BYTES = 32;
const AT = 0x40;

const counts = {
  joined: 0,
  failed: 0,
  emitted: 0,
  delivered: 0,
  emitted_total: 0,
  delivered_total: 0,
  missed: 0,
  doubled: 0,
  reordered: 0,
  own: 0,
  wrong_seq: 0,
  alarms: 0,
};

export class Tally {
  readonly group: Line;
  readonly counts = { ...counts };
  readonly closes = new Map<number, number>();
  members = 0;
  expected = 0;
  heard = 0;
  readonly joining = build({ highestTrackableValue: 600_000_000_000 });
  #latency = build({ highestTrackableValue: 600_000_000_000 });
  #late = build({ highestTrackableValue: 600_000_000_000 });
  #before = { emitted: 0, delivered: 0 };

  constructor(group: Line) {
    this.group = group;
  }

  delivered(latencyNs: number): void {
    this.counts.delivered_total += 1;
    this.#latency.recordValue(Math.max(0, latencyNs));
  }

  /** A token went out so many seconds after it was due. */
  late(seconds: number): void {
    this.#late.recordValue(Math.max(0, Math.round(seconds * 1e9)));
  }

  closed(code: number): void {
    this.closes.set(code, (this.closes.get(code) ?? 0) + 1);
  }

  beginMeasure(): void {
    this.#latency = build({ highestTrackableValue: 600_000_000_000 });
    this.#late = build({ highestTrackableValue: 600_000_000_000 });
    this.#before = { emitted: this.counts.emitted_total, delivered: this.counts.delivered_total };
  }

  endMeasure(): void {
    this.counts.emitted = this.counts.emitted_total - this.#before.emitted;
    this.counts.delivered = this.counts.delivered_total - this.#before.delivered;
  }

  result(): GroupResult {
    return {
      name: this.group.text("name"),
      members: this.members,
      ...this.counts,
      expected_total: this.expected,
      lost: Math.max(0, this.expected - this.heard),
      closes: Object.fromEntries(this.closes),
      latency_us: spread(this.#latency),
      late_us: spread(this.#late),
      joining_us: spread(this.joining),
    };
  }
}

function spread(histogram: Histogram): Spread {
  const at = (share: number) => histogram.getValueAtPercentile(share) / 1_000;
  const [p50, p90, p99, p999] = [at(50), at(90), at(99), at(99.9)];
  return { count: histogram.totalCount, p50, p90, p99, p999, max: histogram.maxValue / 1_000 };
}

export function writeMarker(emitter: number, count: number, nowNs: bigint): string {
  const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, "0");
  return `@${hex(emitter, 4)}${hex(count, 10)}${hex(nowNs, 16)}.`;
}

export type Marker = {
  readonly at: number;
  readonly emitter: number;
  readonly count: number;
  readonly sentNs: bigint;
};

/**
 * The next marker from here on; null when there is none, and `cut` when there may be one that isn't
 * whole yet.
 */
export function nextMarker(bytes: Buffer, from: number): Marker | "cut" | null {
  for (let at = bytes.indexOf(AT, from); at >= 0; at = bytes.indexOf(AT, at + 1)) {
    if (at + MARKER_BYTES > bytes.length) return "cut";
    const text = bytes.toString("latin1", at + 1, at + MARKER_BYTES);
    const found = /^([0-9a-f]{4})([0-9a-f]{10})([0-9a-f]{16})\.$/.exec(text);
    if (found === null) continue;
    const [, emitter = "", count = "", time = ""] = found;
    return {
      at,
      emitter: Number.parseInt(emitter, 16),
      count: Number.parseInt(count, 16),
      sentNs: BigInt(`0x${time}`),
    };
  }
  return null;
}

/** The broker's own count of this token, which is before it in a frame of AMS. */
export function seqBefore(bytes: Buffer, at: number): number | null {
  const found = /-(\d+)","data":"$/.exec(bytes.toString("latin1", Math.max(0, at - 40), at));
  return found === null ? null : Number(found[1]);
}
