/**
 * Sends what is due. Each webhook has a few attempts at a time and its own place in the queue, so
 * that one that fails or hangs takes nothing from the others.
 */
import type { Log } from "@ams/process";
import { describeError } from "@ams/process";
import type { Webhook } from "../control.ts";
import {
  ATTEMPTS_MAX,
  ATTEMPTS_PER_WEBHOOK,
  BUSY_MS,
  DEAD_MS,
  LEASE_MS,
  LOOK_EVERY_MS,
} from "../limits.ts";
import type { HooksMetrics } from "../metrics.ts";
import type { Store } from "../store/store.ts";
import { type Came, isGone, type SendParts, sendOnce } from "./attempt.ts";
import { jobOf, type Queued, readJob } from "./event.ts";
import type { Reports } from "./reports.ts";
import { type Health, isGivenUp, nextAttempt } from "./schedule.ts";
import type { Webhooks } from "./webhooks.ts";

/** Webhooks that one look takes. */
const ENDPOINTS_AT_ONCE = 200;
/** Milliseconds until an event is looked at again whose webhook couldn't be asked for. */
const AWAY_MS = 2_000;

export type SenderParts = SendParts & {
  readonly store: Store;
  readonly webhooks: Webhooks;
  readonly reports: Reports;
  readonly metrics: HooksMetrics;
  readonly log: Log;
  /** From 0 to 1. */
  readonly chance: () => number;
};

export class Sender {
  readonly #parts: SenderParts;
  readonly #running = new Map<string, number>();
  #total = 0;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;
  #looking: Promise<void> = Promise.resolve();
  readonly #attempts = new Set<Promise<void>>();

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, LOOK_EVERY_MS);
  }

  /** Resolves once every attempt that is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
    await Promise.allSettled(this.#attempts);
  }

  async #look(): Promise<void> {
    const { store, reports, now, log } = this.#parts;
    try {
      const due = await store.dueEndpoints(now(), ENDPOINTS_AT_ONCE);
      for (const endpoint of due) await this.#claim(endpoint);
    } catch (error) {
      log.warn({ event: "queue_away", ...describeError(error) }, "the queue can't be read");
    }
    // Not waited for: control may be slow, and what is due is not.
    void reports.flush();
    if (!this.#isStopped) this.start();
  }

  async #claim(endpoint: string): Promise<void> {
    const { store, now } = this.#parts;
    const running = this.#running.get(endpoint) ?? 0;
    const free = Math.min(ATTEMPTS_PER_WEBHOOK - running, ATTEMPTS_MAX - this.#total);
    const at = { nowMs: now(), leaseMs: LEASE_MS, busyMs: BUSY_MS };
    for (const { id, value } of await store.claim(endpoint, at, Math.max(0, free))) {
      const queued = readJob(value);
      if (queued === null) await store.finish({ id, endpoint, value }, null);
      else this.#begin(endpoint, queued);
    }
  }

  #begin(endpoint: string, queued: Queued): void {
    this.#running.set(endpoint, (this.#running.get(endpoint) ?? 0) + 1);
    this.#total += 1;
    const attempt = this.#attempt(queued)
      .catch((error: unknown) => {
        const fields = { event: "attempt_failed", ...describeError(error) };
        this.#parts.log.warn(fields, "an attempt could not be ended: it is made again");
      })
      .finally(() => {
        const left = (this.#running.get(endpoint) ?? 1) - 1;
        if (left === 0) this.#running.delete(endpoint);
        else this.#running.set(endpoint, left);
        this.#total -= 1;
        this.#attempts.delete(attempt);
      });
    this.#attempts.add(attempt);
  }

  async #attempt(queued: Queued): Promise<void> {
    const { store, webhooks, now, metrics } = this.#parts;
    const all = await webhooks.of(queued.account_id).catch(() => null);
    // Control is away: that is no attempt.
    if (all === null) return store.finish(jobOf(queued), now() + AWAY_MS);
    const webhook = all.find(({ webhook_id }) => webhook_id === queued.webhook_id);
    if (webhook === undefined) return store.drop(queued.webhook_id);
    if (!webhook.enabled) return store.finish(jobOf(queued), null);
    const beganMs = now();
    const came = await sendOnce(this.#parts, webhook, queued);
    metrics.attempts.inc({ outcome: came.isDelivered ? "delivered" : (came.error ?? "answered") });
    metrics.seconds.observe((now() - beganMs) / 1_000);
    await this.#end(webhook, { ...queued, attempts: queued.attempts + 1 }, came, beganMs);
  }

  async #end(webhook: Webhook, queued: Queued, came: Came, beganMs: number): Promise<void> {
    const { store, reports, now, chance } = this.#parts;
    const { webhook_id, account_id, message_id, type, attempts: attempt } = queued;
    const disables = !came.isDelivered && (isGone(came) || (await this.#isGivenUp(webhook_id)));
    const isOver = came.isDelivered || disables;
    const nextMs = isOver ? null : nextAttempt(queued, now(), chance());
    await store.finish(jobOf(queued), nextMs);
    // One that is enabled again begins anew.
    if (came.isDelivered || disables) await store.write(`health ${webhook_id}`, null);
    reports.add({
      account_id,
      disables,
      delivery: {
        message_id,
        webhook_id: webhook.webhook_id,
        type,
        attempt,
        at: new Date(beganMs).toISOString(),
        status: came.isDelivered ? "delivered" : nextMs === null ? "dead" : "failed",
        http_status: came.status,
        error: came.error,
        took_ms: Math.max(0, now() - beganMs),
        next_attempt_at: nextMs === null ? null : new Date(nextMs).toISOString(),
      },
    });
  }

  /** Counts a failure. Two at a time may count as one: the end is days away. */
  async #isGivenUp(webhookId: string): Promise<boolean> {
    const { store, now } = this.#parts;
    const name = `health ${webhookId}`;
    const kept = await store.read(name);
    const before: Health = kept === null ? { failures: 0, since_ms: now() } : JSON.parse(kept);
    const health = { ...before, failures: before.failures + 1 };
    await store.write(name, JSON.stringify(health), 2 * DEAD_MS);
    return isGivenUp(health, now());
  }
}
