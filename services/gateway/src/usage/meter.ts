/**
 * What one account uses of this gateway, and how much of its plan's rates is left here. A frame
 * costs additions and comparisons; everything else is done between frames, by `refill` (§2.10.4).
 *
 * A rate is a bucket that all gateways empty: each empties its own by what it lets pass itself, and
 * by what the others report, a moment later. Below zero it is a debt, which is paid first.
 */
import { type AccountLimits, DEPLOYMENT_LIMITS, type UsageCounts } from "@ams/directory";
import type { AccountId } from "@ams/protocol";

/** Seconds of its rate that an account may use at once after a silence. */
export const BURST_S = 2;

/** The rates of an account, in the order in which gateways report them. */
const RATES = ["frames", "bytes", "deliveries"] as const;

export type RateName = (typeof RATES)[number];

export class Meter {
  readonly account: AccountId;
  limits: AccountLimits = DEPLOYMENT_LIMITS;
  /** Those of its plan alone: its own are checked where a join is granted. */
  planLimits: AccountLimits = DEPLOYMENT_LIMITS;
  /** Sockets of the account here. */
  connections = 0;
  /** Whether it was forgotten: whoever still has it asks for another one. */
  isRetired = false;

  /** Ever-growing counts. Frames and bytes are all that came, tokens those that were emitted. */
  frames = 0;
  bytes = 0;
  deliveries = 0;
  tokensIn = 0;
  bytesIn = 0;
  bytesOut = 0;
  replayBytes = 0;
  connectionMs = 0;

  /** What each of the three may grow to now; infinite without a limit. */
  #framesMax = Number.POSITIVE_INFINITY;
  #bytesMax = Number.POSITIVE_INFINITY;
  #deliveriesMax = Number.POSITIVE_INFINITY;
  #atMs: number;

  /** `nowMs` in monotonic milliseconds, as everywhere here. */
  constructor(account: AccountId, nowMs: number) {
    this.account = account;
    this.#atMs = nowMs;
  }

  /** Counts a frame that came; false when a rate is used up. */
  take(byteLength: number): boolean {
    this.frames += 1;
    this.bytes += byteLength;
    return (
      this.frames <= this.#framesMax &&
      this.bytes <= this.#bytesMax &&
      this.deliveries <= this.#deliveriesMax
    );
  }

  /** A frame of the account was handed to so many sockets. */
  delivered(sockets: number, byteLength: number): void {
    this.deliveries += sockets;
    this.bytesOut += sockets * byteLength;
  }

  /** The rate that is used up, with its limit; null when none is. */
  exceeded(): { readonly rate: RateName; readonly perSecond: number } | null {
    const rate = RATES.find((name) => this[name] > this.#maxOf(name));
    return rate === undefined ? null : { rate, perSecond: this.perSecond(rate) };
  }

  /** Units per second; 0 for no limit. */
  perSecond(rate: RateName): number {
    const { frames_per_second, bytes_per_second, deliveries_per_second } = this.limits;
    const limits = {
      frames: frames_per_second,
      bytes: bytes_per_second,
      deliveries: deliveries_per_second,
    };
    return limits[rate] ?? 0;
  }

  get isLimited(): boolean {
    return RATES.some((rate) => this.perSecond(rate) > 0);
  }

  /** Fills the buckets with what time has brought. */
  refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.connectionMs += this.connections * elapsedMs;
    for (const rate of RATES) {
      const perSecond = this.perSecond(rate);
      const burst = perSecond * BURST_S;
      // Without a limit until now: it begins full.
      const left = Math.min(burst, this.#maxOf(rate) - this[rate]);
      const filled = Math.min(burst, left + (elapsedMs / 1_000) * perSecond);
      this.#setMax(rate, perSecond === 0 ? Number.POSITIVE_INFINITY : this[rate] + filled);
    }
  }

  /** Other gateways have let so much of the account pass. */
  usedElsewhere(used: Readonly<Record<RateName, number>>): void {
    for (const rate of RATES) this.#setMax(rate, this.#maxOf(rate) - used[rate]);
  }

  /** All that was counted ever, as it is handed in. */
  counts(): UsageCounts {
    return {
      tokens_in: this.tokensIn,
      bytes_in: this.bytesIn,
      deliveries: this.deliveries,
      bytes_out: this.bytesOut,
      connection_ms: Math.round(this.connectionMs),
      replay_bytes: this.replayBytes,
    };
  }

  #maxOf(rate: RateName): number {
    if (rate === "frames") return this.#framesMax;
    return rate === "bytes" ? this.#bytesMax : this.#deliveriesMax;
  }

  #setMax(rate: RateName, max: number): void {
    if (rate === "frames") this.#framesMax = max;
    else if (rate === "bytes") this.#bytesMax = max;
    else this.#deliveriesMax = max;
  }
}

/** What is said to a socket before it is closed: the limit, its value, and the remedy. */
export function overRate({
  rate,
  perSecond,
}: {
  readonly rate: RateName;
  readonly perSecond: number;
}) {
  const limit = `${perSecond} ${rate} per second, over all its connections`;
  return `${rate}_per_second: the account has used up its ${limit}. Send slower, or ask for a larger plan.`;
}
