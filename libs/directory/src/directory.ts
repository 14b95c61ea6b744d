/**
 * The contract of the directory: who exists, and who is here. `redis/` and `embedded/` implement it
 * and one contract suite runs on both.
 *
 * Expected faults are returned; a rejected promise means that the store could not be reached in
 * time (`DirectoryUnavailable`), and that whether the step was taken isn't known.
 */
import type {
  AccountId,
  ConversationId,
  JsonText,
  Namespace,
  NoticeLevel,
  StreamId,
  StreamName,
} from "@ams/protocol";
import { type Outcome, StoreUnavailable } from "@ams/store";
import type { Accounts } from "./accounts.ts";
import type { Channels } from "./channels.ts";
import type { Hosting } from "./hosting.ts";
import type { Plans } from "./plans.ts";
import type {
  Address,
  Admission,
  ConnectionId,
  Conversation,
  GatewayId,
  Link,
  LinkTerms,
  LinkUse,
  RosterEntry,
  Where,
} from "./records.ts";
import type { Peppers } from "./secrets.ts";
import type { Usage } from "./usage.ts";
import type { Outbox, Webhooks } from "./webhooks.ts";

export type {
  Accounts,
  CredentialEnd,
  CredentialGrace,
  CredentialHolder,
} from "./accounts.ts";

/** `DirectoryUnavailable`: the store did not answer, or not in time. */
export { type Outcome, StoreUnavailable as DirectoryUnavailable };

/** Removes what others keep of a conversation, named by its channel, once that is gone. */
export type Removed = (channel: string) => Promise<unknown>;

export const NOTHING_ELSE: Removed = () => Promise.resolve();

export type Minted = {
  readonly conversation: Conversation;
  /** True when this call made it; false when it was there and got one more link. */
  readonly created: boolean;
};

export type ConversationPage = {
  readonly conversations: readonly Conversation[];
  /** Pass it back to get the next page; null on the last. Opaque. */
  readonly next_cursor: string | null;
};

/** What `mint` is given: the record, and the hash of its first link. */
export type NewConversation = {
  readonly conversation: Conversation;
  readonly linkHash: string;
  /** Conversations that the namespace may have, this one included; any number without it. */
  readonly conversationsMax?: number | undefined;
};

/** Milliseconds after which an expired conversation that has live streams is looked at again. */
export const EXPIRED_AGAIN_MS = 60_000;

export type MintFault = "alias_taken" | "conversation_limit";

export interface Conversations {
  /**
   * Creates a conversation with its first link. Of any number of concurrent mints of one alias
   * exactly one is ok. For `jcs-sha256` a conversation of the same namespace with the same id gets
   * the link instead (whatever alias was asked for), and its record is returned; past `LINKS_MAX`
   * links the oldest plain one ends, else the oldest.
   */
  mint(conversation: NewConversation): Promise<Outcome<Minted, MintFault>>;
  /** The record, its links and its count of joins, or null when there is no such address. */
  admission(address: Address): Promise<Admission | null>;
  /** The owner's conversations, oldest first. */
  listConversations(
    namespace: Namespace,
    page: { readonly cursor: string | null; readonly limit: number },
  ): Promise<Outcome<ConversationPage, "invalid_cursor">>;
  /**
   * Makes one more link, with these terms. At `LINKS_MAX` links those that have expired end to make
   * way for it.
   */
  createLink(
    address: Address,
    linkHash: string,
    terms: LinkTerms,
  ): Promise<Outcome<Link, "not_found" | "link_limit">>;
  /** Ends this link alone, and announces `link_revoked`. */
  revokeLink(address: Address, number: number): Promise<Outcome<null, "not_found">>;
  /** How far each live link was used, the oldest first; null when there is no such address. */
  linkUses(address: Address): Promise<readonly LinkUse[] | null>;
  /** Ends every earlier link. Announces `links_revoked` unless `keepConnected`. */
  replaceLinks(
    address: Address,
    linkHash: string,
    keepConnected: boolean,
  ): Promise<Outcome<Link, "not_found">>;
  /**
   * Removes some of the conversations that expired `EXPIRED_KEPT_S` ago and have no live stream, as
   * a deletion does. A small step, for several processes to take again and again. Returns how many
   * it removed.
   */
  removeExpired(): Promise<number>;
  /** Removes record, links and roster, frees the alias, announces `closed`. */
  deleteConversation(address: Address): Promise<Outcome<null, "not_found">>;
}

export type { Where };

/**
 * A wish to hold a stream. The directory adds the epoch, and the stream's earlier epoch and
 * metadata.
 */
export type Claim = {
  readonly where: Where;
  readonly stream_id: StreamId;
  readonly stream_name: StreamName;
  readonly owner_account_id: AccountId;
  /** Null keeps what the stream has, or `{}`. */
  readonly metadata: JsonText | null;
  /** Ignored when the stream is live and has one: it is set once. */
  readonly peer_identity: JsonText | null;
  readonly joined_at: string;
  readonly gateway: GatewayId;
  readonly connection: ConnectionId;
  /** The link that admitted it, which must still be live when the claim is made; or `NO_LINK`. */
  readonly link: number;
  /** The deployment's limit, where the conversation has none of its own. */
  readonly subscribersMax: number;
};

export type ClaimFault =
  | "conversation_not_found"
  | "invalid_magic_link" /** The link has ended meanwhile, or its joins are used up. */
  | "stream_name_conflict"
  | "conversation_subscriber_limit";

export type Claimed = {
  readonly entry: RosterEntry;
  /** True when the stream was live under another connection. */
  readonly resumed: boolean;
  /** True when a live stream was taken over and its metadata is now another. */
  readonly metadataChanged: boolean;
};

export type QuotaSlotFault =
  | "account_concurrency_limit"
  | "invalid_credential" /** The credential has ended, or the account is gone. */
  | "insufficient_scope" /** It is a key that may not join. */
  | "conversation_not_found" /** A guest's: the conversation's owner is gone. */;

export type ReclaimFault =
  | "conversation_not_found"
  | "displaced" /** Another connection took the stream over, and may have left again. */
  | "claim_forgotten" /** The store has lost the claim, and what followed it can't be known. */;

/** In whose name a quota slot is reserved. */
export type QuotaSlotTerms = {
  /**
   * The hash of the account's credential: it must be live when the quota slot is reserved. Null for
   * a guest.
   */
  readonly credential: string | null;
  /** The deployment's limit, where the account has none of its own. */
  readonly slotsMax: number;
};

/**
 * What `streams_max` counts of an account, and `guests_max` of the owner of the guests'
 * conversations.
 */
export type QuotaSlotKind = "stream" | "guest";

/** An account's quota slot for one stream. */
export type QuotaSlot = {
  readonly kind: QuotaSlotKind;
  /** Who holds the stream; for a guest, the owner of the conversation. */
  readonly account_id: AccountId;
  readonly conversation_id: ConversationId;
  readonly stream_id: StreamId;
  readonly gateway: GatewayId;
  readonly connection: ConnectionId;
};

export type Reserved = {
  readonly shared: boolean;
  /**
   * Unix milliseconds at which the credential ends, as far as is known by now; null for never, and
   * for a guest.
   */
  readonly credentialEndsMs: number | null;
};

/**
 * Presence. Every step on a conversation is one atomic step in its slot, announced on its channel.
 * Joining is: reserve the quota slot, claim the stream, and on a failed claim release the quota
 * slot.
 */
export interface Presence {
  /**
   * Reserves a quota slot. A stream that the account holds already shares its quota slot: it counts
   * once, and is free when every connection that reserved it has released it. A release by a
   * connection that doesn't hold it does nothing. It counts as a use of the credential.
   */
  reserve(slot: QuotaSlot, terms: QuotaSlotTerms): Promise<Outcome<Reserved, QuotaSlotFault>>;
  /**
   * Makes a quota slot this connection's alone, once its claim was granted; also takes one that was
   * swept.
   */
  keepSlot(slot: QuotaSlot): Promise<void>;
  release(slot: QuotaSlot): Promise<void>;
  claim(claim: Claim): Promise<Outcome<Claimed, ClaimFault>>;
  /**
   * Claims a stream again under its earlier epoch, after its gateway's lease ran out, or when
   * the roster lost it. Announces `claimed` when the roster had lost it, or names an earlier claim.
   */
  reclaim(where: Where, entry: RosterEntry): Promise<Outcome<RosterEntry, ReclaimFault>>;
  /** Removes the stream if this connection holds it, and announces `left`. True when it did. */
  leave(
    where: Where,
    stream: Pick<RosterEntry, "stream_name" | "connection">,
    last: { readonly n: number | null; readonly ts: string },
  ): Promise<boolean>;
  /**
   * Keeps a live stream's metadata, with the position and time (Unix ms) of the frame that set it,
   * for those who join later. Not announced: the frame notifies the others.
   */
  setStreamMetadata(
    where: Where,
    stream: Pick<RosterEntry, "stream_name" | "connection">,
    metadata: JsonText,
    n: number,
    ms: number,
  ): Promise<void>;
  /** The live streams, in no order. */
  roster(where: Where): Promise<readonly RosterEntry[]>;
  /**
   * The live streams at the very position on the channel where the event `mark` is announced; null
   * when the conversation is gone. With tails, which asks for what may have been missed, a past
   * `links_revoked` may be announced again before it.
   */
  snapshot(
    where: Where,
    mark: { readonly mark: string; readonly tails: boolean },
  ): Promise<readonly RosterEntry[] | null>;
}

/** Leases: how the others learn that a gateway died without notice. */
export interface Leases {
  /**
   * Renews the gateway's lease. `lapsed` when there was none: it is new, or its streams may have
   * been swept.
   */
  heartbeat(gateway: GatewayId, ttlMs: number): Promise<"renewed" | "lapsed">;
  /** Ends the lease of a gateway that has let go of all that it held. */
  endLease(gateway: GatewayId): Promise<void>;
  /**
   * Removes whatever gateways whose lease ran out have left, announcing each stream as left.
   * Returns how many streams that were.
   */
  sweep(): Promise<number>;
  /**
   * One page of what this gateway holds according to the directory. A whole walk shows all that is
   * held throughout.
   */
  heldBy(gateway: GatewayId, cursor: string | null): Promise<HeldPage>;
  /**
   * Gives back one of them as a sweep does: a stream is announced as left with no last `n`. What
   * another gateway or connection holds by now stays.
   */
  letGo(gateway: GatewayId, held: Held): Promise<void>;
}

/** A stream or a quota slot that a gateway holds. */
export type Held =
  | {
      readonly kind: "stream";
      readonly where: Where;
      readonly stream_name: StreamName;
      readonly connection: ConnectionId;
    }
  | { readonly kind: "quota_slot"; readonly slot: QuotaSlot };

export type HeldPage = {
  readonly held: readonly Held[];
  /** Pass it back to get the next page; null on the last. */
  readonly next: string | null;
};

/** What an operator says to people who are connected. */
export type Notice = {
  /** Null for everybody. */
  readonly account_id: AccountId | null;
  readonly level: NoticeLevel;
  readonly text: string;
};

export type PepperKind = keyof Peppers;

/**
 * The peppers under which everything here is hashed: a process with others would find nothing, and
 * write what nobody finds.
 */
export interface Peppered {
  /**
   * Compares check values of these peppers with those that the store keeps. The first process of a
   * store writes its own; afterwards one pepper of each list must be known, and then the first of
   * the list becomes known too. The fault is the list of which none is known, or `format` where a
   * later version has written the store in a form that this one can't read.
   */
  confirmPeppers(peppers: Peppers): Promise<Outcome<null, PepperKind | "format">>;
}

export interface Directory
  extends Accounts,
    Plans,
    Usage,
    Conversations,
    Presence,
    Leases,
    Peppered,
    Outbox,
    Webhooks,
    Hosting {
  readonly kind: "redis" | "embedded";
  /** Where its events are announced. */
  readonly channels: Channels;
  /** Lets every gateway show a notice to its sockets (§4.10), or to those of one account. */
  announceNotice(notice: Notice): Promise<void>;
  /** Milliseconds that the store took to answer; rejects when it can't be reached. */
  ping(): Promise<number>;
  close(): Promise<void>;
}
