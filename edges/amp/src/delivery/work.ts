/**
 * What is done later: due jobs of the store, by whichever process is up. A job is leased, so that
 * another process takes over what a dead one had.
 */

import { describeError } from "@ams/process";
import { type AgentRecord, isSuspended, readRecord, refOf } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { type AgentRef, type Job, PARTITIONS, type Queued } from "../store/store.ts";
import { readMeta } from "./message.ts";
import { sendDelivered } from "./receipts.ts";
import { RecentTexts } from "./security.ts";
import {
  postWebhook,
  WEBHOOK_DELAYS_MS,
  type WebhookJob,
  webhookJob,
  webhookJobId,
} from "./webhook.ts";

/** Milliseconds between two looks; each takes an eighth of the partitions. */
const LOOK_MS = 250;
const SLICES = 8;
/** Milliseconds that a job is leased: longer than any try takes. */
const LEASE_MS = 60_000;
/** Jobs of a partition that one look takes. */
const JOBS_AT_ONCE = 8;
/** Jobs that a process works on at a time. */
const JOBS_MAX = 256;

/** What becomes of a job: done, or again at a time. */
export type Next = { readonly atMs: number; readonly value: string } | null;

/** Given the job as text. */
export type Handler = (text: string) => Promise<{ readonly at: string; readonly next: Next }>;

export class Work {
  readonly recent = new RecentTexts();
  readonly #amp: () => Amp;
  readonly #handlers = new Map<string, Handler>();
  #slice = 0;
  #running = 0;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(amp: () => Amp) {
    this.#amp = amp;
    this.handle("webhook", (text) => this.#webhook(text));
  }

  handle(kind: string, handler: Handler): void {
    this.#handlers.set(kind, handler);
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Resolves with whether it was delivered; the store then has what is to be done next. */
  async tryWebhook(recipient: AgentRecord, queued: Queued, attempt: number): Promise<boolean> {
    const amp = this.#amp();
    const outcome = await postWebhook(amp, recipient, queued, attempt);
    const agent = refOf(recipient);
    try {
      if (outcome === "delivered") await this.#delivered(agent, queued.id);
      if (outcome !== "failed") await this.forgetWebhook(recipient, queued.id);
    } catch (error) {
      // The store is away: the message is tried again, with the same id.
      amp.log.warn({ event: "webhook_unsettled", ...describeError(error) }, "store away");
    }
    return outcome === "delivered";
  }

  async forgetWebhook({ tenant, id: agentId }: AgentRecord, id: string): Promise<void> {
    await this.#amp().store.finish(tenant, webhookJobId({ tenant, id: agentId }, id));
  }

  async #delivered(agent: AgentRef, id: string): Promise<void> {
    const amp = this.#amp();
    const [acked] = await amp.store.ack(agent, [id], "webhook", amp.now());
    if (acked?.isFirst) await sendDelivered(amp, readMeta(acked.meta), id, "webhook");
  }

  async #webhook(job: string): Promise<{ readonly at: string; readonly next: Next }> {
    const { agent, id, attempt, acceptedAtMs }: WebhookJob = JSON.parse(job);
    const done = { at: agent.tenant, next: null };
    const amp = this.#amp();
    const queued = await amp.store.peek(agent, id, amp.now());
    const { value: text } = await amp.store.enter(agent.tenant, `agent:${agent.id}`, [], 0);
    if (queued === null || text === null) return done;
    const recipient = readRecord(text);
    if (recipient.delivery.webhook_url === null) return done;
    if (isSuspended(recipient, amp.now())) {
      const atMs = amp.now() + WEBHOOK_DELAYS_MS[2];
      return { at: agent.tenant, next: { atMs, value: job } };
    }
    const outcome = await postWebhook(amp, recipient, queued, attempt + 1);
    if (outcome === "delivered") await this.#delivered(agent, id);
    const delayMs = WEBHOOK_DELAYS_MS[attempt + 1];
    if (outcome !== "failed" || delayMs === undefined) return done;
    const spec = webhookJob(agent, id, attempt + 1, acceptedAtMs + delayMs);
    return { at: agent.tenant, next: { atMs: spec.atMs, value: spec.value } };
  }

  async #look(): Promise<void> {
    try {
      await this.#takeDue();
    } catch {
      // The store is away: whatever is due stays so.
    }
    this.#slice = (this.#slice + 1) % SLICES;
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  async #takeDue(): Promise<void> {
    const { store, now } = this.#amp();
    const free = JOBS_MAX - this.#running;
    if (free < JOBS_AT_ONCE) return;
    const size = PARTITIONS / SLICES;
    const slice = Array.from({ length: size }, (_, index) => this.#slice * size + index);
    const due = await Promise.all(
      slice.map((one) => store.due(one, now(), LEASE_MS, JOBS_AT_ONCE)),
    );
    for (const job of due.flat()) void this.#run(job);
  }

  async #run({ id, value }: Job): Promise<void> {
    this.#running += 1;
    const { store, log } = this.#amp();
    try {
      const job: { readonly kind: string } = JSON.parse(value);
      const handler = this.#handlers.get(job.kind);
      if (handler === undefined) return;
      const { at, next } = await handler(value);
      if (next === null) await store.finish(at, id);
      else await store.schedule(at, { id, ...next });
    } catch (error) {
      // Its lease ends, and it is tried again.
      log.warn({ event: "job_failed", ...describeError(error) }, "a job failed");
    } finally {
      this.#running -= 1;
    }
  }
}
