/**
 * The part of the directory's contract that is about webhooks: who wants to be notified, of what,
 * and what has happened since and waits to be fetched.
 */
import type { AccountId } from "@ams/protocol";
import type { Outcome } from "@ams/store";
import type { Address } from "./records.ts";

/** Events of one owner that wait in one partition; a later one is counted as lost. */
export const OUTBOX_EVENTS_MAX = 1_000;

/** Seconds for which events wait that nobody fetches. */
export const OUTBOX_TTL_S = 604_800;

/** Milliseconds in which one limit of an account, or of a conversation, is reported once. */
export const LIMIT_REPORT_MS = 60_000;

/** Attempts that the log of one account surely shows. */
export const DELIVERIES_MAX = 1_000;

/** What is appended in the same step as the change itself. */
export type LifecycleType =
  | "conversation.opened" /** Its first stream joined, or the first after it was empty. */
  | "conversation.empty" /** Its last stream left. */
  | "conversation.closed" /** It was deleted, or removed after its expiry. */
  | "stream.joined"
  | "stream.left"
  | "limit.reached";

/** An event that waits. `data` holds ids and names; no metadata, no secret, nothing emitted. */
export type OutboxEntry = {
  /** Where it waits: the partition, the owner's name there, and its place. Opaque to others. */
  readonly at: OutboxPlace;
  /** Unix milliseconds by the store's clock. */
  readonly at_ms: number;
  readonly owner: OutboxOwner;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
};

export type OutboxPlace = {
  readonly partition: number;
  readonly owner: OutboxOwner;
  readonly entry: string;
};

/** A namespace, or an account's id. */
export type OutboxOwner = string;

/** Where events of an account are sent. */
export type Webhook = {
  readonly webhook_id: string;
  readonly url: string;
  /** Types of events; `message` among them. */
  readonly types: readonly string[];
  /** Sealed, the newest first; two while one is replaced by another. */
  readonly secrets: readonly string[];
  /** When the newest was made, if it replaced another; null before. */
  readonly rotated_at: string | null;
  /** UTC ISO 8601 with milliseconds. */
  readonly created_at: string;
  /** Why and since when nothing is sent; null while it is enabled. */
  readonly disabled: { readonly at: string; readonly reason: "owner" | "failures" } | null;
};

/** One attempt to deliver an event, as its account's log shows it. */
export type Delivery = {
  readonly message_id: string;
  readonly webhook_id: string;
  readonly type: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** UTC ISO 8601 with milliseconds. */
  readonly at: string;
  /** `failed` is tried again, `dead` is not. */
  readonly status: "delivered" | "failed" | "dead";
  /** Null where no answer came. */
  readonly http_status: number | null;
  /** One word about why it failed. */
  readonly error: string | null;
  /** Milliseconds that the attempt took. */
  readonly took_ms: number;
  readonly next_attempt_at: string | null;
};

export type KeptDelivery = Delivery & { readonly delivery_id: string };

/** What happened, until it is fetched and removed. */
export interface Outbox {
  /**
   * Some of the events that wait, of each owner the oldest first. Reading removes nothing; calls go
   * on where the last one ended, and no owner keeps the others from being read.
   */
  readOutbox(limit: number): Promise<readonly OutboxEntry[]>;
  /** Removes events. Returns how many were lost meanwhile because too many waited. */
  removeFromOutbox(places: readonly OutboxPlace[]): Promise<number>;
  /**
   * Appends an event for an account that has a webhook; false where it has none, or too many wait.
   */
  appendToOutbox(
    id: AccountId,
    type: string,
    data: Readonly<Record<string, unknown>>,
  ): Promise<boolean>;
  /**
   * Appends `limit.reached`, at most one in `LIMIT_REPORT_MS` for each limit of an account. `limit`
   * is the name of the limit as the plan has it. Never rejects.
   */
  reportLimit(id: AccountId, limit: string, max: number | null): Promise<void>;
  /**
   * Opts a conversation in or out. `observer` is the name of the stream that reads it for webhooks:
   * that one is no event and doesn't keep it from being empty. Null opts out.
   */
  optIn(
    address: Address,
    optedIn: { readonly observer: string | null } | null,
  ): Promise<Outcome<null, "not_found">>;
  /** Null where it is opted out, or there is none. */
  optedIn(address: Address): Promise<{ readonly observer: string | null } | null>;
}

export interface Webhooks {
  /** The oldest first; null when there is no account. */
  webhooksOf(id: AccountId): Promise<readonly Webhook[] | null>;
  /** Adds one, or replaces `before`; `changed` when it is another by now, or gone. */
  putWebhook(
    id: AccountId,
    webhook: Webhook,
    before: Webhook | null,
  ): Promise<Outcome<null, "not_found" | "webhook_limit" | "changed">>;
  removeWebhook(id: AccountId, webhookId: string): Promise<Outcome<null, "not_found">>;
  /** Adds attempts to the account's log, of which the latest `DELIVERIES_MAX` are kept. */
  recordDeliveries(id: AccountId, deliveries: readonly Delivery[]): Promise<void>;
  /** Attempts of one webhook, the newest first; `before` is an id, null for the newest. */
  deliveriesOf(
    id: AccountId,
    webhookId: string,
    page: { readonly before: string | null; readonly limit: number },
  ): Promise<readonly KeptDelivery[]>;
}
