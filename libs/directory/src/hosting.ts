/**
 * The part of the directory's contract by which operators look after the accounts of others
 * (PROTOCOL §11): their keys and audit log, lists and suspensions of accounts, and what gateways
 * report of themselves.
 */
import type { AccountId, Namespace } from "@ams/protocol";
import type { Outcome } from "@ams/store";
import type { Account, GatewayId } from "./records.ts";

/** What an operator key may do: each role includes those before it. */
export const OPERATOR_ROLES = ["read", "support", "admin"] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/** Operator keys of one deployment: one for each person and program, and all are read at once. */
export const OPERATOR_KEYS_MAX = 100;

/** Entries of the operators' audit log: about the latest so many are kept. */
export const OPERATOR_EVENTS_MAX = 100_000;

/** Accounts suspended at a time: every gateway holds their ids in memory, about 8 MB. */
export const SUSPENDED_MAX = 100_000;

/** Characters of one gateway's report. */
export const REPORT_CHARACTERS_MAX = 65_536;

export type OperatorKey = {
  readonly key_id: string;
  /** Who has it, as the audit log says. */
  readonly name: string;
  readonly role: OperatorRole;
  /** UTC ISO 8601 with milliseconds. */
  readonly created_at: string;
};

/** One action of an operator. It holds no secret and nothing that conversations carry. */
export type OperatorEvent = {
  readonly action: string;
  /** UTC ISO 8601 with milliseconds. */
  readonly at: string;
  /** `<key id> <name>`, or `command` for one on the store itself. */
  readonly actor: string;
  /** What it was done to: an account's id and namespace, a gateway, a key; null for nothing. */
  readonly target: string | null;
  readonly request_id: string | null;
  /** Why, in the operator's words, or what was set. */
  readonly detail: string | null;
};

export type KeptOperatorEvent = OperatorEvent & { readonly event_id: string };

export type Suspension = {
  /** UTC ISO 8601 with milliseconds. */
  readonly at: string;
  /** The operator's words; empty for none. */
  readonly reason: string;
};

export type ListedAccount = Account & { readonly suspended: Suspension | null };

/** What a gateway says of itself: ids and counts, and nothing that is emitted. */
export type GatewayReport = {
  readonly instance: string;
  /** UTC ISO 8601 with milliseconds. */
  readonly at: string;
  readonly started_at: string;
  readonly draining: boolean;
  /** What it waits for; null while it takes connects. */
  readonly not_ready: string | null;
  readonly connections: number;
  readonly conversations: number;
  readonly memory_bytes: number;
  /** Since it started, as all that follows but the two lists. */
  readonly frames_in: number;
  readonly bytes_in: number;
  readonly frames_out: number;
  readonly bytes_out: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly closes: Readonly<Record<string, number>>;
  readonly gaps: Readonly<Record<string, number>>;
  readonly largest: readonly {
    readonly conversation_id: string;
    readonly namespace: string;
    readonly connections: number;
  }[];
  readonly talkers: readonly {
    readonly conversation_id: string;
    readonly stream_id: string;
    readonly account_id: string;
    readonly frames_per_s: number;
  }[];
};

export type AccountPage = {
  readonly accounts: readonly ListedAccount[];
  /** Pass it back to get the next page; null on the last. A namespace. */
  readonly next: Namespace | null;
};

export interface Hosting {
  createOperatorKey(hash: string, key: OperatorKey): Promise<Outcome<null, "operator_key_limit">>;
  /** The oldest first. */
  operatorKeys(): Promise<readonly OperatorKey[]>;
  /** Whose one of these hashes is. */
  operatorOf(hashes: readonly string[]): Promise<OperatorKey | null>;
  revokeOperatorKey(keyId: string): Promise<Outcome<null, "not_found">>;
  recordOperatorEvent(event: OperatorEvent): Promise<void>;
  /** The newest first; `before` is an event's id, null for the newest. */
  operatorEvents(page: {
    readonly before: string | null;
    readonly limit: number;
  }): Promise<readonly KeptOperatorEvent[]>;
  /** Accounts by namespace, of those whose namespace begins with `prefix`. */
  listAccounts(page: {
    readonly prefix: string;
    readonly after: string | null;
    readonly limit: number;
  }): Promise<AccountPage>;
  /**
   * Suspends the account, or ends its suspension by null, and announces it. What it was stays.
   */
  setSuspension(
    id: AccountId,
    suspension: Suspension | null,
  ): Promise<Outcome<null, "not_found" | "suspension_limit">>;
  suspensionOf(id: AccountId): Promise<Suspension | null>;
  /** Rises with each change of the suspensions. */
  suspensionsVersion(): Promise<number>;
  /** Every suspended account. */
  suspendedAccounts(): Promise<readonly AccountId[]>;
  /** Keeps what a gateway says of itself until `ttlMs` have passed. */
  report(gateway: GatewayId, report: string, ttlMs: number): Promise<void>;
  reports(): Promise<readonly { readonly gateway: GatewayId; readonly report: string }[]>;
  /** Announces to this gateway that it shall drain. */
  askDrain(gateway: GatewayId): Promise<void>;
}
