/**
 * The meters of all accounts that use this gateway: their limits kept current, their rates shared
 * with the other gateways, their counts handed in (§2.10).
 */
import { type Directory, HOUR_MS, type RatesUsed } from "@ams/directory";
import type { AccountId } from "@ams/protocol";
import { HandIn } from "./hand-in.ts";
import { Meter } from "./meter.ts";

/** Milliseconds between two reports of what was let pass to the other gateways. */
const SHARE_MS = 250;

/** Milliseconds between two rounds in which limits are read again: news of them may be lost. */
const ROUND_MS = 1_000;

/** Accounts whose limits are read at once. */
const READS_AT_ONCE = 50;

/** Accounts of one report: about 60 bytes each, within what an event may have. */
const REPORTED_AT_ONCE = 1_000;

/** Milliseconds without a socket or a count after which a meter is forgotten. */
const IDLE_MS = 60_000;

export type MetersParts = {
  readonly directory: Pick<
    Directory,
    "kind" | "limitsOf" | "handIn" | "reportLimit" | "recordEvent"
  >;
  /** This process, among those that report. */
  readonly origin: string;
  readonly share: (used: readonly RatesUsed[]) => void;
  readonly failed: (error: unknown) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
};

type Kept = {
  readonly meter: Meter;
  /** The reading of its limits that is under way, and whether there is news since it began. */
  loading: Promise<void> | null;
  isStale: boolean;
  hasLimits: boolean;
  /** What was reported to the others. */
  reported: { frames: number; bytes: number; deliveries: number };
  /** Monotonic ms of its last use. */
  usedAtMs: number;
  usedFrames: number;
  /** By limit, the Unix ms at which it was last noted that it is used up. */
  readonly noted: Map<string, number>;
};

export class Meters {
  readonly #parts: MetersParts;
  readonly #kept = new Map<AccountId, Kept>();
  readonly #handIn: HandIn;
  #walk: Iterator<Kept> = this.#kept.values();
  #timers: NodeJS.Timeout[] = [];

  constructor(parts: MetersParts) {
    this.#parts = parts;
    this.#handIn = new HandIn(parts);
  }

  begin(): void {
    this.#timers = [
      setInterval(() => this.tick(performance.now()), SHARE_MS),
      setInterval(() => this.#round(), ROUND_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Hands in what is left, as far as the directory answers. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.tick(performance.now());
    await this.#handIn.settle(this.#meters());
  }

  of(account: AccountId): Meter {
    return this.#keep(account).meter;
  }

  /**
   * The meter, once the account's limits are known. Rejects when the directory is away. Another
   * process that changes an embedded directory announces nothing here, and a read of it costs
   * microseconds: there the limits are read for every join.
   */
  async ready(account: AccountId): Promise<Meter> {
    const kept = this.#keep(account);
    const isUnannounced = this.#parts.directory.kind === "embedded";
    if (isUnannounced || !kept.hasLimits) await this.#load(kept);
    return kept.meter;
  }

  /** The account's limits have changed. */
  changed(account: AccountId): void {
    const kept = this.#kept.get(account);
    if (kept !== undefined) this.#load(kept).catch(this.#parts.failed);
  }

  /** Any account's limits may have changed. */
  async changedAll(): Promise<void> {
    const all = [...this.#kept.values()];
    while (all.length > 0) {
      await Promise.all(all.splice(0, READS_AT_ONCE).map((kept) => this.#load(kept)));
    }
  }

  /** A rate of the account is used up: its owner hears of it, once an hour for each rate. */
  reached(meter: Meter): void {
    const exceeded = meter.exceeded();
    const kept = this.#kept.get(meter.account);
    if (exceeded === null || kept === undefined) return;
    const limit = `${exceeded.rate}_per_second`;
    const { directory, now, failed } = this.#parts;
    directory.reportLimit(meter.account, limit, exceeded.perSecond).catch(failed);
    const nowMs = now();
    if (nowMs - (kept.noted.get(limit) ?? 0) < HOUR_MS) return;
    kept.noted.set(limit, nowMs);
    const at = new Date(nowMs).toISOString();
    const target = `${limit} ${exceeded.perSecond}`;
    const event = {
      action: "limit_reached",
      at,
      actor: "broker",
      target,
      request_id: null,
    } as const;
    directory.recordEvent(meter.account, event).catch(failed);
  }

  /** Another gateway has let so much pass. */
  heard(from: string, used: readonly RatesUsed[]): void {
    if (from === this.#parts.origin) return;
    for (const [account, frames, bytes, deliveries] of used) {
      this.#kept.get(account)?.meter.usedElsewhere({ frames, bytes, deliveries });
    }
  }

  /** Fills the buckets, reports what was let pass, hands in what is due. Monotonic ms. */
  tick(nowMs: number): void {
    const used: RatesUsed[] = [];
    for (const kept of this.#kept.values()) {
      const { meter, reported } = kept;
      meter.refill(nowMs);
      if (meter.connections > 0 || meter.frames + meter.deliveries !== kept.usedFrames) {
        kept.usedAtMs = nowMs;
        kept.usedFrames = meter.frames + meter.deliveries;
      } else if (nowMs - kept.usedAtMs > IDLE_MS && this.#handIn.isDone(meter)) {
        this.#forget(kept);
        continue;
      }
      const { frames, bytes, deliveries } = meter;
      const isNews = frames > reported.frames || deliveries > reported.deliveries;
      if (!isNews || !meter.isLimited) continue;
      used.push([
        meter.account,
        frames - reported.frames,
        bytes - reported.bytes,
        deliveries - reported.deliveries,
      ]);
      kept.reported = { frames, bytes, deliveries };
    }
    while (used.length > 0) this.#parts.share(used.splice(0, REPORTED_AT_ONCE));
    this.#handIn.tick(this.#meters(), nowMs);
  }

  *#meters(): Iterable<Meter> {
    for (const { meter } of this.#kept.values()) yield meter;
  }

  #keep(account: AccountId): Kept {
    const kept = this.#kept.get(account);
    if (kept !== undefined) return kept;
    const made: Kept = {
      meter: new Meter(account, performance.now()),
      loading: null,
      isStale: false,
      hasLimits: false,
      reported: { frames: 0, bytes: 0, deliveries: 0 },
      usedAtMs: performance.now(),
      usedFrames: 0,
      noted: new Map(),
    };
    this.#kept.set(account, made);
    this.#load(made).catch(this.#parts.failed);
    return made;
  }

  #forget({ meter }: Kept): void {
    meter.isRetired = true;
    this.#kept.delete(meter.account);
    this.#handIn.forget(meter);
  }

  /** Reads the limits, and once more where there is news meanwhile. */
  #load(kept: Kept): Promise<void> {
    kept.isStale = true;
    kept.loading ??= this.#read(kept).finally(() => {
      kept.loading = null;
    });
    return kept.loading;
  }

  async #read(kept: Kept): Promise<void> {
    const { meter } = kept;
    while (kept.isStale) {
      kept.isStale = false;
      const held = await this.#parts.directory.limitsOf(meter.account);
      if (held !== null) [meter.limits, meter.planLimits] = [held.limits, held.planLimits];
      kept.hasLimits = true;
      meter.refill(performance.now());
    }
  }

  /** The next accounts, each second: what was announced while the bus was away is read here. */
  #round(): void {
    for (let read = 0; read < READS_AT_ONCE; read += 1) {
      const { done, value } = this.#walk.next();
      if (done) {
        this.#walk = this.#kept.values();
        return;
      }
      this.#load(value).catch(this.#parts.failed);
    }
  }
}
