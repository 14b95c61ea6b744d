/**
 * The queue, durable: events by webhook, each with the time of its next attempt. One contract, two
 * drivers, one suite. Every step is atomic; a call rejects while the store is away.
 */

/** An event for one webhook. */
export type Job = {
  /** The same event for the same webhook has the same id, and is kept once. */
  readonly id: string;
  /** The webhook's id. */
  readonly endpoint: string;
  readonly value: string;
};

export interface Store {
  readonly kind: "redis" | "embedded";
  ping(): Promise<void>;
  /** Adds a job that is due at once, unless it is known; it is known for `keepMs`. */
  add(job: Job, nowMs: number, keepMs: number): Promise<void>;
  /** Webhooks with a job that is due, those that wait longest first. */
  dueEndpoints(nowMs: number, limit: number): Promise<readonly string[]>;
  /**
   * Takes jobs that are due, for `leaseMs`: afterwards another process may take them. With a
   * `limit` of 0 the webhook is not due again before `busyMs` from now.
   */
  claim(
    endpoint: string,
    at: { readonly nowMs: number; readonly leaseMs: number; readonly busyMs: number },
    limit: number,
  ): Promise<readonly { readonly id: string; readonly value: string }[]>;
  /** Ends an attempt: done with `nextMs` null, else again then; the value is kept in any case. */
  finish(job: Job, nextMs: number | null): Promise<void>;
  /** The value of a job that is known; null when it isn't. */
  valueOf(id: string): Promise<string | null>;
  /** Makes a known job due again. */
  again(job: Job, nowMs: number): Promise<void>;
  /** Drops all jobs of a webhook. */
  drop(endpoint: string): Promise<void>;

  /** What is kept under a name, permanently unless `ttlMs` is given; null removes it. */
  write(name: string, value: string | null, ttlMs?: number): Promise<void>;
  read(name: string): Promise<string | null>;
  /** True when the name was free, or is this holder's already; it ends by itself. */
  lease(name: string, holder: string, ttlMs: number): Promise<boolean>;
  /** A set of texts, each with a value. */
  setMember(set: string, member: string, value: string | null): Promise<void>;
  members(set: string): Promise<readonly (readonly [string, string])[]>;
  close(): Promise<void>;
}
