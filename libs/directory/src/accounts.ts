/** The part of the directory's contract that is about accounts, their credentials and keys. */
import type { AccountId, Namespace } from "@ams/protocol";
import type { Outcome } from "@ams/store";
import type { AccountLimits } from "./limits.ts";
import type {
  Account,
  AccountEvent,
  AccountKey,
  AccountUse,
  Grant,
  KeptEvent,
  KeySigner,
} from "./records.ts";

/**
 * Whose credential something is, or was: whether it is live is another question, which is asked
 * anew each time.
 */
export type CredentialHolder = {
  readonly account_id: AccountId;
  /** The credential's hash. */
  readonly credential: string;
};

/** What is left to the earlier credentials of an account after a rotation. */
export type CredentialGrace = {
  /** Milliseconds for which they live at most; 0: they end at once. */
  readonly ms: number;
  /** Whether they end when a newer one is first used: by `accountByCredential` or `reserve`. */
  readonly untilUsed: boolean;
};

export type CredentialEnd = {
  /** The credential's hash. */
  readonly credential: string;
  /** Unix milliseconds from which it opens nothing; null for never. */
  readonly at_ms: number | null;
};

/** Accounts: a namespace belongs to one account permanently, also after the account is deleted. */
export interface Accounts {
  /** Of any number of concurrent creates of one namespace, exactly one is ok. */
  createAccount(
    account: Account,
    credentialHash: string,
  ): Promise<Outcome<Account, "namespace_taken">>;
  account(id: AccountId): Promise<Account | null>;
  accountOf(namespace: Namespace): Promise<Account | null>;
  /**
   * Whose one of these hashes is, one per live credential pepper, and what it may do. It counts as
   * a use of the credential.
   */
  grantOf(hashes: readonly string[]): Promise<Grant | null>;
  /** Adds a key. At `KEYS_MAX` those that have expired end to make way for it. */
  createKey(
    id: AccountId,
    hash: string,
    key: AccountKey,
  ): Promise<Outcome<null, "not_found" | "key_limit">>;
  /** The keys of the account, the oldest first; null when there is no account. */
  keysOf(id: AccountId): Promise<readonly AccountKey[] | null>;
  /** The key of this id while it is live; null also for one that was made without a signing key. */
  keySigner(id: AccountId, keyId: string): Promise<KeySigner | null>;
  /** Ends a key, and announces `credentials_end`. */
  revokeKey(id: AccountId, keyId: string): Promise<Outcome<null, "not_found">>;
  /** Adds to the account's log, of which the latest `ACCOUNT_EVENTS_MAX` are kept. */
  recordEvent(id: AccountId, event: AccountEvent): Promise<void>;
  /** The account's log, the newest first; `before` is an event's id, null for the newest. */
  eventsOf(
    id: AccountId,
    page: { readonly before: string | null; readonly limit: number },
  ): Promise<readonly KeptEvent[]>;
  /** Counted over all gateways; null when there is no account. */
  accountUse(id: AccountId): Promise<AccountUse | null>;
  /** The account of `grantOf`, where it may do everything. */
  accountByCredential(hashes: readonly string[]): Promise<Account | null>;
  /**
   * Whose credential one of these hashes is: of a live one always, of one that has ended perhaps.
   */
  credentialHolder(hashes: readonly string[]): Promise<CredentialHolder | null>;
  /**
   * Makes `hash` the account's newest credential. A later grace never lengthens the life of an
   * earlier credential. Past `CREDENTIALS_MAX` the oldest that was never used ends, else the
   * oldest. What ends, now or later, is announced to the deployment as `credentials_end`.
   */
  rotateCredential(
    id: AccountId,
    hash: string,
    grace: CredentialGrace,
  ): Promise<Outcome<null, "not_found">>;
  /**
   * Makes `hash` the account's only credential: every other one, and every key, ends at once, in
   * one step, and is announced as `credentials_end`.
   */
  resetCredential(id: AccountId, hash: string): Promise<Outcome<null, "not_found">>;
  /** When each live credential of the account ends; null when there is no account. */
  credentialEnds(id: AccountId): Promise<readonly CredentialEnd[] | null>;
  /**
   * Also sets `subscribers_max` on every conversation that the account owns, and announces
   * `limits_changed`.
   */
  setAccountLimits(id: AccountId, limits: AccountLimits): Promise<Outcome<Account, "not_found">>;
  /**
   * Closes its conversations, ends its credentials, keeps its namespace taken; announces
   * `account_deleted` to the deployment.
   */
  deleteAccount(id: AccountId): Promise<void>;
}
