/** An event as it waits in the queue, for one webhook. */
import { z } from "zod";
import type { Job } from "../store/store.ts";

const queued = z.object({
  account_id: z.string(),
  webhook_id: z.string(),
  message_id: z.string(),
  type: z.string(),
  body: z.string(),
  /** Attempts that were made. */
  attempts: z.number(),
  /** Unix milliseconds; a replay begins anew. */
  since_ms: z.number(),
});
export type Queued = z.infer<typeof queued>;

export function jobOf(event: Queued): Job {
  const id = jobId(event.message_id, event.webhook_id);
  return { id, endpoint: event.webhook_id, value: JSON.stringify(event) };
}

export function jobId(messageId: string, webhookId: string): string {
  return `${messageId}:${webhookId}`;
}

/** Null for what no version of this wrote. */
export function readJob(value: string): Queued | null {
  try {
    const read = queued.safeParse(JSON.parse(value));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

/** The body of an event (§2.15.5). */
export function bodyOf(type: string, atMs: number, data: object): string {
  return JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data });
}
