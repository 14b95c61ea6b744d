/** Accounts: who owns conversations, and who a subscriber is (§2.2). */

import { checkOptions, type OptionNames } from "../arguments.ts";
import { control } from "../later.ts";
import type { Metadata } from "../listening/events.ts";
import type { Conversation, Inspected, Minted } from "./conversation.ts";
import type { CreatedKey, KeyScope, ListedKey } from "./key.ts";
import type { CreatedLink, ListedLink } from "./link.ts";
import { REQUEST_OPTIONS, type RequestOptions } from "./request-options.ts";
import type { UsageHour } from "./usage.ts";

export type CreateAccountOptions = RequestOptions & {
  /**
   * 1 to 63 of a-z, 0-9 and -; the first part of the account's links. A word and 8 random
   * characters unless given.
   */
  readonly namespace?: string;
  /** The operator's code, where the deployment asks for one. */
  readonly invite?: string;
};

export type OpenAccountOptions = RequestOptions & { readonly credential: string };

const CREATE_OPTIONS: OptionNames<CreateAccountOptions> = {
  ...REQUEST_OPTIONS,
  namespace: true,
  invite: true,
};
const OPEN_OPTIONS: OptionNames<OpenAccountOptions> = { ...REQUEST_OPTIONS, credential: true };

export type MintOptions = RequestOptions & {
  /** 1 to 63 of a-z, 0-9 and -; generated unless given. */
  readonly alias?: string;
  /** The name that the minter will join with; generated unless given. */
  readonly streamName?: string;
  /** At most 16,384 bytes of compact JSON; it never changes. */
  readonly metadata?: Metadata;
  readonly streamMetadata?: Metadata;
  /** Seconds, 1 to 31,536,000, until the link admits nobody any more; live connections stay. */
  readonly expiresInS?: number;
  /** How many different streams may ever join: 1 to 100,000. */
  readonly maxJoins?: number;
  /**
   * Any JSON: the same input in the same namespace is the same conversation, minted anew or not
   * (§2.6).
   */
  readonly canonicalInput?: unknown;
  /**
   * For how many seconds, and up to how many bytes, later readers can catch up; only where `offer`
   * lists the feature `replay`.
   */
  readonly replay?: { readonly ttlS: number; readonly maxBytes: number };
};

export type NewLinkOptions = RequestOptions & {
  /** True lets those stay who came in by the earlier links. */
  readonly keepConnected?: boolean;
};

export type CreateLinkOptions = RequestOptions & {
  /** What you call it: 1 to 64 characters. */
  readonly name?: string;
  /** True lets whoever joins by it listen only. */
  readonly readOnly?: boolean;
  /** The only stream name under which it admits. */
  readonly streamName?: string;
  /** Seconds, 1 to 31,536,000, until it admits nobody any more. */
  readonly expiresInS?: number;
  /** How many different streams may join by it, ever: 1 to 1,000. */
  readonly maxJoins?: number;
};

export type RotateOptions = RequestOptions & {
  /**
   * Seconds, 0 to 604,800, for which earlier credentials still work; 0 ends them at once. Unless
   * given they work until the new one is first used, 24 hours at most: an answer that is lost loses
   * no account.
   */
  readonly graceS?: number;
};

export type CreateKeyOptions = RequestOptions & {
  /** What you call it: 1 to 64 characters. */
  readonly name: string;
  /** What it may do: one or more. */
  readonly scopes: readonly KeyScope[];
  /** Seconds, 1 to 31,536,000, until it ends; it has no end unless given. */
  readonly expiresInS?: number;
};

export type UsageOptions = RequestOptions & {
  /** How many of the last hours, the present one among them: 1 to 840; 24 unless given. */
  readonly hours?: number;
};

export type AccountDetails = {
  readonly accountId: string;
  readonly namespace: string;
  readonly createdAt: string;
  readonly limits: {
    readonly streamsPerAccount: number;
    /**
     * Guests in all conversations of the account together; null where the deployment doesn't say.
     */
    readonly guestsPerAccount: number | null;
    readonly conversationsPerAccount: number | null;
    readonly subscribersPerConversation: number;
  };
  /** How much of its limits is used now; null where the deployment or this key doesn't say. */
  readonly use: {
    readonly streamsPerAccount: number;
    readonly guestsPerAccount: number;
    readonly conversationsPerAccount: number;
  } | null;
};

/** An account at one deployment. Every method is one request and rejects with an `AmsError`. */
export interface Account {
  readonly url: string;
  readonly accountId: string;
  readonly namespace: string;
  readonly createdAt: string;
  /** Who has it is this account: keep it out of logs and addresses. `rotate` changes it. */
  readonly credential: string;
  /**
   * Makes a conversation with its first magic link. Errors: `alias_taken`, `rate_limited`,
   * `invalid_…` (§2.3).
   */
  mint(options?: MintOptions): Promise<Minted>;
  /** All conversations of the namespace, oldest first, a page per request (§2.4). */
  list(options?: RequestOptions): AsyncIterableIterator<Conversation, undefined>;
  /**
   * A conversation of this account, or one where it has a live stream, by its alias in this
   * namespace (§2.5).
   */
  inspect(alias: string, options?: RequestOptions): Promise<Inspected>;
  /** A new magic link; every earlier one stops working (§2.7). Errors: `not_found`. */
  newLink(alias: string, options?: NewLinkOptions): Promise<string>;
  /**
   * One more magic link, with limits of its own; earlier ones stay (§2.7.5). Errors: `not_found`,
   * `link_limit`, `invalid_…`.
   */
  createLink(alias: string, options?: CreateLinkOptions): Promise<CreatedLink>;
  /** The live links, without their tokens, the oldest first (§2.7.6). Errors: `not_found`. */
  links(alias: string, options?: RequestOptions): Promise<readonly ListedLink[]>;
  /**
   * Ends one link: connections that it admitted are closed with `link_revoked` (§2.7.7). Errors:
   * `not_found`.
   */
  revokeLink(alias: string, linkId: string, options?: RequestOptions): Promise<void>;
  /**
   * Ends a conversation: every connection in it is closed with `conversation_closed`. Errors:
   * `not_found`.
   */
  close(alias: string, options?: RequestOptions): Promise<void>;
  /**
   * Changes the credential, here and at the deployment, and returns the new one. Connections that
   * an earlier one opened are closed with `invalid_credential` when that one ends.
   */
  rotate(options?: RotateOptions): Promise<string>;
  /**
   * Makes a key: a credential with scopes of its own, which is in this answer and never again
   * (§2.2.8). Errors: `key_limit`, `insufficient_scope`, `invalid_key_name`, `invalid_scopes`,
   * `invalid_expiry`.
   */
  createKey(options: CreateKeyOptions): Promise<CreatedKey>;
  /** The keys, without their secrets, the oldest first (§2.2.10). */
  listKeys(options?: RequestOptions): Promise<readonly ListedKey[]>;
  /**
   * Ends a key: connections that it admitted are closed with `invalid_credential` (§2.2.10).
   * Errors: `not_found`.
   */
  revokeKey(keyId: string, options?: RequestOptions): Promise<void>;
  /**
   * What was used in each of the last hours in which anything was used, the oldest first
   * (§2.10.6). Errors: `invalid_limit`, `insufficient_scope`.
   */
  usage(options?: UsageOptions): Promise<readonly UsageHour[]>;
  /** What the deployment knows of the account, and the limits that hold for it. */
  details(options?: RequestOptions): Promise<AccountDetails>;
  /** Ends the account and its conversations; its namespace is never given out again. */
  delete(options?: RequestOptions): Promise<void>;
}

/**
 * Makes an account at the deployment at `url`, with a namespace such as `heron-k3ta5w2m` unless
 * one is given. Errors: `invalid_namespace`, `namespace_taken`, `signup_closed`, `invalid_invite`,
 * `rate_limited` (with `retryAfterS`), `not_ams`, `unreachable`, `timeout`. Source: §2.2.
 *
 * @example
 * ```ts
 * import { createAccount } from "ams-client";
 *
 * const account = await createAccount("http://127.0.0.1:8080", { namespace: "demo" });
 * const conversation = await account.mint({ alias: "stand-up" });
 * console.log(account.namespace, conversation.alias); // demo stand-up
 * ```
 */
export async function createAccount(
  url: string,
  options: CreateAccountOptions = {},
): Promise<Account> {
  checkOptions(options, CREATE_OPTIONS);
  return await (await control(options.signal)).createAccount(url, options);
}

/**
 * The account of a credential that was kept. Errors: `invalid_credential`, `not_ams`,
 * `unreachable`, `timeout`. Source: §2.2.3.
 *
 * @example
 * ```ts
 * import { createAccount, openAccount } from "ams-client";
 *
 * const { credential } = await createAccount("http://127.0.0.1:8080", { namespace: "kept" });
 * const account = await openAccount("http://127.0.0.1:8080", { credential });
 * for (const alias of ["one", "two"]) await account.mint({ alias });
 * for await (const conversation of account.list()) console.log(conversation.alias);
 * // one
 * // two
 * ```
 */
export async function openAccount(url: string, options: OpenAccountOptions): Promise<Account> {
  checkOptions(options, OPEN_OPTIONS);
  return await (await control(options.signal)).openAccount(url, options);
}
