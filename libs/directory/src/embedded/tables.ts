/**
 * What the LMDB file holds: all that must survive a restart. Who is here is kept in memory
 * (here.ts).
 *
 * | table | key | value | ends |
 * |---|---|---|---|
 * | accounts | account id | account, its credential hashes with the time at which each ends, its keys | with the account |
 * | namespaces | namespace | account id | never: a namespace isn't given out twice |
 * | credentials | credential hash | account id | with the account, or when another one is made or first used after its end |
 * | conversations | `<ns>/<alias>` | record, links, number of links made | delete |
 * | listing | `<ns> <created_at> <conv> <alias>` | alias | delete |
 * | canonical | `<ns> <conv>` | alias | delete |
 * | expiring | `<Unix ms of its removal, 16 digits> <ns>/<alias>` | generation | delete, or removal |
 * | floors | namespace | the highest counters of deleted canonical conversations | with the account |
 * | claims | `<ns>/<alias>` | an epoch that no claim has used yet | delete |
 * | uses | `<ns>/<alias> <link number>` | how far the link was used | delete, or revocation |
 * | joins | `<ns>/<alias>` | number of stream ids counted against `max_joins` | delete |
 * | joined | `<ns>/<alias> <stream id>` | 1 | delete |
 * | events | `<account id> <Unix ms, 16 digits>-<number, 6 digits>` | one entry of its audit log, the latest `ACCOUNT_EVENTS_MAX` | with the account |
 * | outbox | `<namespace or account id> <number, 16 digits>` | an event that waits to be fetched | once it is fetched, or `OUTBOX_TTL_S` later |
 * | outboxes | namespace or account id | how many events wait, were made, were lost | with the account |
 * | deliveries | `<account id> <number, 16 digits>-0` | an attempt to deliver, the latest `DELIVERIES_MAX` | with the account |
 * | usage | `<account id> <hour, 10 digits>` | what the account used in it, of the last `USAGE_KEPT_HOURS` | with the account |
 * | plans | plan's name | its limits, up to `PLANS_MAX` | removal |
 * | operatorKeys | key id | an operator key with its hash, up to `OPERATOR_KEYS_MAX` | revocation |
 * | audit | `<Unix ms, 16 digits>-<number, 6 digits>` | one action of an operator, the latest `OPERATOR_EVENTS_MAX` | never |
 * | suspended | account id | since when, and why; `floors` counts the changes under ` suspensions` | with the account, or its suspension |
 * | peppers | `credential`, `link` | check values of the peppers in use, up to `PEPPER_CHECKS_MAX` | never |
 */

import type { AccountId, Alias, StreamId } from "@ams/protocol";
import type { File, Table } from "@ams/store";
import type { OperatorEvent, OperatorKey, Suspension } from "../hosting.ts";
import type { AccountLimits } from "../limits.ts";
import type { Account, AccountEvent, AccountKey, Address, Conversation, Link } from "../records.ts";
import type { UsageHour } from "../usage.ts";
import type { Delivery, Webhook } from "../webhooks.ts";

/** Named databases that the file may hold: more than there are tables. */
export const TABLES_MAX = 32;

export type StoredAccount = {
  readonly account: Account;
  /** By hash. An earlier version kept only when each ends. */
  readonly credentials: Readonly<Record<string, StoredCredential | number | null>>;
  /** By credential hash; absent in what an earlier version wrote. */
  readonly keys?: Readonly<Record<string, AccountKey>>;
  /** By id; absent in what an earlier version wrote. */
  readonly webhooks?: Readonly<Record<string, Webhook>>;
};

export type StoredCredential = {
  /** Unix milliseconds, null for never. */
  readonly ends: number | null;
  /** A newer one's is higher. */
  readonly number: number;
  /** Whether it ends when a newer one is first used. */
  readonly yields: boolean;
  readonly used: boolean;
};

export type StoredConversation = {
  readonly conversation: Conversation;
  /** Oldest first. */
  readonly links: readonly Link[];
  readonly linksMade: number;
  /** Absent where it is opted out of webhooks. */
  readonly optedIn?: { readonly observer: string | null };
};

export type StoredEvent = {
  readonly at_ms: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
};

export type OutboxCount = {
  readonly waiting: number;
  readonly made: number;
  readonly lost: number;
};

export type StoredUse = {
  readonly uses: number;
  /** Unix milliseconds of the last use. */
  readonly atMs: number;
  /** Stream ids that count against the link's own `max_joins`. */
  readonly ids: readonly StreamId[];
};

export type StoredOperatorKey = OperatorKey & { readonly hash: string };

export type StoredHour = Omit<UsageHour, "hour">;

export type Floors = { readonly claims: number; readonly links: number };

export type Tables = {
  readonly file: File;
  readonly accounts: Table<StoredAccount>;
  readonly namespaces: Table<AccountId>;
  readonly credentials: Table<AccountId>;
  readonly conversations: Table<StoredConversation>;
  readonly listing: Table<Alias>;
  readonly canonical: Table<Alias>;
  readonly expiring: Table<string>;
  readonly floors: Table<Floors>;
  readonly claims: Table<number>;
  readonly uses: Table<StoredUse>;
  readonly joins: Table<number>;
  readonly joined: Table<1>;
  readonly events: Table<AccountEvent>;
  readonly outbox: Table<StoredEvent>;
  readonly outboxes: Table<OutboxCount>;
  readonly deliveries: Table<Delivery>;
  readonly usage: Table<StoredHour>;
  readonly plans: Table<AccountLimits>;
  readonly operatorKeys: Table<StoredOperatorKey>;
  readonly audit: Table<OperatorEvent>;
  readonly suspended: Table<Suspension>;
  readonly peppers: Table<readonly string[]>;
};

export function openTables(file: File): Tables {
  return {
    file,
    accounts: file.openDB({ name: "accounts", encoding: "json" }),
    namespaces: file.openDB({ name: "namespaces", encoding: "json" }),
    credentials: file.openDB({ name: "credentials", encoding: "json" }),
    conversations: file.openDB({ name: "conversations", encoding: "json" }),
    listing: file.openDB({ name: "listing", encoding: "json" }),
    canonical: file.openDB({ name: "canonical", encoding: "json" }),
    expiring: file.openDB({ name: "expiring", encoding: "json" }),
    floors: file.openDB({ name: "floors", encoding: "json" }),
    claims: file.openDB({ name: "claims", encoding: "json" }),
    uses: file.openDB({ name: "uses", encoding: "json" }),
    joins: file.openDB({ name: "joins", encoding: "json" }),
    joined: file.openDB({ name: "joined", encoding: "json" }),
    events: file.openDB({ name: "events", encoding: "json" }),
    outbox: file.openDB({ name: "outbox", encoding: "json" }),
    outboxes: file.openDB({ name: "outboxes", encoding: "json" }),
    deliveries: file.openDB({ name: "deliveries", encoding: "json" }),
    usage: file.openDB({ name: "usage", encoding: "json" }),
    plans: file.openDB({ name: "plans", encoding: "json" }),
    operatorKeys: file.openDB({ name: "operatorKeys", encoding: "json" }),
    audit: file.openDB({ name: "audit", encoding: "json" }),
    suspended: file.openDB({ name: "suspended", encoding: "json" }),
    peppers: file.openDB({ name: "peppers", encoding: "json" }),
  };
}

/** A conversation's key in every table that has one for each. */
export function keyOf(address: Address): string {
  return `${address.namespace}/${address.alias}`;
}

/** All keys that begin with `prefix` and a space. */
export function under(prefix: string): { readonly start: string; readonly end: string } {
  return { start: `${prefix} `, end: `${prefix}!` };
}
