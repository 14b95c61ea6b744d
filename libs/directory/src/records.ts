/**
 * What the directory knows, as data: accounts, conversations, and the streams that are live now.
 */
import {
  type AccountId,
  type Alias,
  type ConversationId,
  EXPIRED_KEPT_S,
  type JsonText,
  type Namespace,
  type ReplayTerms,
  type Scope,
  type StreamIdentity,
  type StreamName,
} from "@ams/protocol";
import type { AccountLimits } from "./limits.ts";
import type { UsageRates } from "./usage.ts";

/**
 * Departed streams of one conversation that are surely remembered, twice as many at most.
 * One that is forgotten can't be claimed again.
 */
export const DEPARTED_MAX = 1_000;

export type Account = AccountLimits & {
  readonly account_id: AccountId;
  readonly namespace: Namespace;
  /** UTC ISO 8601 with milliseconds. */
  readonly created_at: string;
  /** The name of its plan, null for none. */
  readonly plan: string | null;
};

/** A named credential of an account, limited to some scopes (§2.2.8). */
export type AccountKey = {
  readonly key_id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Unix milliseconds from which it opens nothing, null for never. */
  readonly expires_at_ms: number | null;
  /** UTC ISO 8601 with milliseconds. */
  readonly created_at: string;
  /** The half of its signing key that checks its tokens (§2.13.4); earlier keys have none. */
  readonly public_key?: string;
  /** Unix milliseconds of its last use, exact to `KEY_USE_MS`; null before any. */
  readonly used_at_ms: number | null;
};

/** A live key as what it has signed is checked with. */
export type KeySigner = {
  /** The hash of the key's credential. */
  readonly credential: string;
  /** Ed25519, 32 bytes in base64url. */
  readonly public_key: string;
  readonly scopes: readonly Scope[];
};

/** Milliseconds for which a use of a key is not written again. */
export const KEY_USE_MS = 10_000;

/** What owners and operators do with an account (§2.2.12). */
export type AccountAction =
  | "account_created"
  | "credential_rotated"
  | "credential_reset"
  | "key_created"
  | "key_revoked"
  | "link_created"
  | "link_revoked"
  | "links_replaced"
  | "conversation_deleted"
  | "limits_changed"
  | "plan_changed"
  | "limit_reached"
  | "webhook_created"
  | "webhook_changed"
  | "webhook_removed"
  | "conversation_opted_in"
  | "conversation_opted_out"
  | "suspended"
  | "resumed";

/** One entry of an account's audit log. It holds no secret and no metadata. */
export type AccountEvent = {
  readonly action: AccountAction;
  /** UTC ISO 8601 with milliseconds. */
  readonly at: string;
  /** `credential`, the id of the key that was shown, or `operator`. */
  readonly actor: string;
  /** What it was done to: a key's id, `<alias>`, `<alias> <link id>`; null for the account. */
  readonly target: string | null;
  /** The request by which it was done, null for an operator's command. */
  readonly request_id: string | null;
};

/** An event as it is kept: its id rises from one to the next. */
export type KeptEvent = AccountEvent & { readonly event_id: string };

/** How much of its limits an account uses now. */
export type AccountUse = {
  /** Live streams, in all conversations together. */
  readonly streams: number;
  /** Live guests in its conversations, all together. */
  readonly guests: number;
  readonly conversations: number;
  readonly keys: number;
  /** Per second, over all gateways, as they measured it within the last seconds. */
  readonly rates: UsageRates;
};

/** Whose a credential is, and what it may do: everything unless it is a key. */
export type Grant = {
  readonly account: Account;
  readonly scopes: readonly Scope[];
  /** Null for the account's own credential. */
  readonly key_id: string | null;
};

/** The scopes of an account's own credential. */
export const ALL_SCOPES: readonly Scope[] = ["full"];

export function isGranted(scopes: readonly Scope[], scope: Scope): boolean {
  return scopes.includes("full") || scopes.includes(scope);
}

/**
 * A conversation as a link names it. Every key of it is found by this pair, so admission is one
 * read.
 */
export type Address = { readonly namespace: Namespace; readonly alias: Alias };

/** A link token of a conversation, as it is kept: its hash, and the order in which it was made. */
export type Link = {
  /** 1 for the first link of the conversation, then one more with each. */
  readonly number: number;
  /** H(link pepper, token): the token itself is kept nowhere. */
  readonly hash: string;
  /** What its owner limited it to; absent for a plain link. */
  readonly terms?: LinkTerms;
  /** Streams counted against its own `max_joins`; absent where there is no such limit. */
  readonly joins?: number;
};

/** Instead of a link's number: admitted by a token that its owner's key has signed (§2.13.5). */
export const NO_LINK = 0;

/** What a link was limited to when it was made (§2.7.5). */
export type LinkTerms = {
  /** What its owner calls it. */
  readonly name: string | null;
  /** Whoever joins by it emits nothing. */
  readonly read_only: boolean;
  /** The only stream name under which it admits; null for any. */
  readonly stream_name: StreamName | null;
  /** Unix milliseconds after which it admits nobody, null for never. */
  readonly expires_at_ms: number | null;
  /** Stream ids that may ever join by it, null for any number. */
  readonly max_joins: number | null;
  /** UTC ISO 8601 with milliseconds. */
  readonly created_at: string;
};

/** How far a live link was used. */
export type LinkUse = {
  readonly number: number;
  /** Connects that it admitted. */
  readonly uses: number;
  /** Unix milliseconds of the last of them, null before any. */
  readonly used_at_ms: number | null;
};

export type IdKind = "ulid" | "jcs-sha256";

export type Conversation = Address & {
  readonly conversation_id: ConversationId;
  /**
   * Unique at each creation, also of one that gets the id of a deleted one (§2.7.4): see
   * `newGeneration`.
   */
  readonly generation: string;
  readonly owner_account_id: AccountId;
  readonly id_kind: IdKind;
  readonly metadata: JsonText;
  readonly created_at: string;
  /** What it keeps for later readers: nothing when null, or absent as in earlier records. */
  readonly replay?: ReplayTerms | null;
  /** Unix milliseconds after which nobody is admitted, null for never. */
  readonly expires_at_ms: number | null;
  /** Stream ids that may ever join, null for any number. */
  readonly max_joins: number | null;
  /** The owner's `subscribers_max`, kept here too so that a join reads one slot only. */
  readonly subscribers_max: number | null;
};

/**
 * Where a stream is to be: the address finds the keys, id and generation say that it is still the
 * same conversation.
 */
export type Where = {
  readonly address: Address;
  readonly conversationId: ConversationId;
  readonly generation: string;
};

export function whereOf(conversation: Conversation): Where {
  const { namespace, alias, conversation_id, generation } = conversation;
  return { address: { namespace, alias }, conversationId: conversation_id, generation };
}

/** Unix milliseconds at which it may be removed; null for one that doesn't expire. */
export function removalMs({ expires_at_ms }: Conversation): number | null {
  return expires_at_ms === null ? null : expires_at_ms + EXPIRED_KEPT_S * 1000;
}

/**
 * What admission reads of a conversation: the record, its live links, and how many stream ids have
 * joined.
 */
export type Admission = {
  readonly conversation: Conversation;
  readonly links: readonly Link[];
  /** Stream ids counted against `max_joins`; 0 where there is no such limit. */
  readonly joins: number;
};

/** A gateway's life, from its first heartbeat until its lease runs out: 16 hex characters. */
export type GatewayId = string;

/** One socket of one gateway: unique among all that ever were. */
export type ConnectionId = string;

/** A live stream: who holds it, and where. */
export type RosterEntry = StreamIdentity & {
  readonly metadata: JsonText;
  /** When the stream joined, not when its present connection did; UTC ISO 8601. */
  readonly joined_at: string;
  /**
   * The claim by which its connection holds it: it rises with each claim in the conversation
   * (§4.6.1).
   */
  readonly epoch: number;
  /** The `n` of the last `stream_metadata` frame of this epoch, 0 when there was none. */
  readonly metadata_n: number;
  /** The time of that frame, Unix ms; left out when there was none, and by earlier releases. */
  readonly metadata_ms?: number;
  readonly gateway: GatewayId;
  readonly connection: ConnectionId;
  /** The number of the link that admitted its connection. */
  readonly link: number;
};
