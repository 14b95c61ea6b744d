/** Fetches events from control and puts them into the queue, once for each webhook that asks. */
import { describeError, type Log } from "@ams/process";
import type { Control, WaitingEvent } from "./control.ts";
import { bodyOf, jobId, jobOf, readJob } from "./deliver/event.ts";
import type { Webhooks } from "./deliver/webhooks.ts";
import { KEEP_MS, TAKE_EVERY_MS, TAKE_MAX } from "./limits.ts";
import type { HooksMetrics } from "./metrics.ts";
import type { Store } from "./store/store.ts";

/** Milliseconds until control is asked again after it failed. */
const AWAY_MS = 2_000;

/** Something that the webhooks of an account may be sent. */
export type Event = {
  readonly account_id: string;
  readonly message_id: string;
  readonly type: string;
  /** Unix milliseconds. */
  readonly at_ms: number;
  readonly data: object;
};

export type IntakeParts = {
  readonly control: Control;
  readonly store: Store;
  readonly webhooks: Webhooks;
  readonly metrics: HooksMetrics;
  readonly log: Log;
  readonly now: () => number;
  /** A conversation opted in to messages, or is gone. */
  readonly observe: (event: WaitingEvent) => Promise<void>;
};

export class Intake {
  readonly #parts: IntakeParts;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;
  #taking: Promise<void> = Promise.resolve();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  start(delayMs = 0): void {
    this.#timer = setTimeout(() => {
      this.#taking = this.#take();
    }, delayMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#taking;
  }

  /** Into the queue of each webhook that asks for it; twice the same is once. */
  async add({ account_id, message_id, type, at_ms, data }: Event): Promise<void> {
    const { store, webhooks, metrics, now } = this.#parts;
    const body = bodyOf(type, at_ms, data);
    for (const { webhook_id, types, enabled } of await webhooks.of(account_id)) {
      if (!enabled || !types.includes(type)) continue;
      const queued = {
        account_id,
        webhook_id,
        message_id,
        type,
        body,
        attempts: 0,
        since_ms: now(),
      };
      await store.add(jobOf(queued), now(), KEEP_MS);
      metrics.events.inc();
    }
  }

  async #take(): Promise<void> {
    const { control, log } = this.#parts;
    let nextMs = TAKE_EVERY_MS;
    try {
      const events = await control.take(TAKE_MAX);
      for (const event of events) await this.#handle(event);
      if (events.length > 0) {
        await control.remove(events.map(({ at }) => at));
        nextMs = 0;
      }
    } catch (error) {
      log.warn({ event: "events_away", ...describeError(error) }, "events can't be fetched");
      nextMs = AWAY_MS;
    }
    if (!this.#isStopped) this.start(nextMs);
  }

  async #handle(event: WaitingEvent): Promise<void> {
    const { account_id, namespace, type, data } = event;
    if (account_id === null || namespace === null) return; // The account is gone.
    if (type === "replay") return this.#replay(account_id, data);
    if (event.observer !== null || type === "observe" || type === "conversation.closed") {
      await this.#parts.observe(event);
    }
    if (type === "observe") return;
    await this.add({ ...event, account_id, data: { namespace, ...data } });
  }

  /** Again, with the same id and body, from the first attempt on. */
  async #replay(account_id: string, data: WaitingEvent["data"]): Promise<void> {
    const { store, now } = this.#parts;
    const id = jobId(String(data.message_id), String(data.webhook_id));
    const queued = readJob((await store.valueOf(id)) ?? "");
    if (queued?.account_id !== account_id) return;
    await store.again(jobOf({ ...queued, attempts: 0, since_ms: now() }), now());
  }
}
