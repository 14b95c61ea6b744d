/**
 * What is counted here goes to the directory in small numbered parts, one on the way at a time. One
 * whose answer is lost is sent again as it is, and counts once (§2.10.5). A gateway that is killed
 * loses what it has not handed in.
 */
import { randomUUID } from "node:crypto";
import {
  type Directory,
  HOUR_MS,
  USAGE_COUNTS,
  type UsageCounts,
  type UsageDelta,
} from "@ams/directory";
import type { AccountId } from "@ams/protocol";
import type { Meter } from "./meter.ts";

/** Milliseconds after which counts of an account are handed in: what a killed gateway loses. */
const EACH_MS = 1_000;

/** The same of an account that has but connections. */
const QUIET_MS = 10_000;

/** Tokens and deliveries that are handed in without waiting: a busy account loses less. */
const BUSY_COUNTS = 1_000;

/** Accounts of one part: each is one step of the store. */
const ACCOUNTS_AT_ONCE = 500;

/** Times that the last parts are tried when the gateway stops. */
const LAST_TRIES = 2;

type Parts = {
  readonly directory: Pick<Directory, "handIn">;
  readonly failed: (error: unknown) => void;
  readonly now: () => number;
};

type HandedIn = { readonly counts: UsageCounts; readonly atMs: number; readonly frames: Frames };
type Frames = { readonly frames: number; readonly bytes: number; readonly deliveries: number };

export class HandIn {
  readonly #parts: Parts;
  /** One life of this gateway. */
  readonly #source = randomUUID();
  #seq = 0;
  readonly #handedIn = new Map<AccountId, HandedIn>();
  /** What is on the way, or has to be sent again. */
  #pending: readonly UsageDelta[] = [];
  #sending: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Hands in what is due. Monotonic ms. */
  tick(meters: Iterable<Meter>, nowMs: number): void {
    if (this.#sending !== null) return;
    if (this.#pending.length === 0) this.#gather(meters, nowMs, false);
    if (this.#pending.length === 0) return;
    this.#sending = this.#send()
      .catch(this.#parts.failed)
      .finally(() => {
        this.#sending = null;
      });
  }

  /** Hands in everything, as far as the directory answers. */
  async settle(meters: Iterable<Meter>): Promise<void> {
    await this.#sending;
    const all = [...meters];
    for (let tried = 0; tried < LAST_TRIES; ) {
      if (this.#pending.length === 0) this.#gather(all, performance.now(), true);
      if (this.#pending.length === 0) return;
      try {
        await this.#send();
      } catch (error) {
        tried += 1;
        this.#parts.failed(error);
      }
    }
  }

  isDone(meter: Meter): boolean {
    const had = this.#handedIn.get(meter.account)?.counts;
    const counts = meter.counts();
    return USAGE_COUNTS.every((name) => counts[name] === (had?.[name] ?? 0));
  }

  forget(meter: Meter): void {
    this.#handedIn.delete(meter.account);
  }

  async #send(): Promise<void> {
    await this.#parts.directory.handIn(this.#source, this.#seq, this.#pending);
    this.#pending = [];
  }

  #gather(meters: Iterable<Meter>, nowMs: number, isLast: boolean): void {
    const deltas: UsageDelta[] = [];
    for (const meter of meters) {
      if (deltas.length >= ACCOUNTS_AT_ONCE) break;
      const delta = this.#deltaOf(meter, nowMs, isLast);
      if (delta !== null) deltas.push(delta);
    }
    if (deltas.length === 0) return;
    this.#seq += 1;
    this.#pending = deltas;
  }

  #deltaOf(meter: Meter, nowMs: number, isLast: boolean): UsageDelta | null {
    const { account, frames, bytes, deliveries } = meter;
    const had = this.#handedIn.get(account);
    const counts = meter.counts();
    const grown = USAGE_COUNTS.map(
      (name) => [name, counts[name] - (had?.counts[name] ?? 0)] as const,
    );
    const delta: UsageCounts = { ...counts, ...Object.fromEntries(grown) };
    const waitedMs = nowMs - (had?.atMs ?? Number.NEGATIVE_INFINITY);
    const busy = delta.tokens_in + delta.deliveries;
    const isBusy =
      busy > 0 || delta.replay_bytes > 0 || (had !== undefined && had.frames.frames < frames);
    const dueMs = isBusy ? EACH_MS : QUIET_MS;
    const isDue = isLast || busy >= BUSY_COUNTS || waitedMs >= dueMs;
    if (!isDue || grown.every(([, more]) => more === 0)) return null;
    this.#handedIn.set(account, { counts, atMs: nowMs, frames: { frames, bytes, deliveries } });
    const perSecond = (now: number, before: number) =>
      Math.round(((now - before) * 1_000) / Math.max(1, Math.min(waitedMs, QUIET_MS)));
    const from = had?.frames ?? { frames: 0, bytes: 0, deliveries: 0 };
    return {
      account_id: account,
      hour: Math.floor(this.#parts.now() / HOUR_MS),
      counts: delta,
      rates: {
        frames: perSecond(frames, from.frames),
        bytes: perSecond(bytes, from.bytes),
        deliveries: perSecond(deliveries, from.deliveries),
      },
    };
  }
}
