/** What the calls of a session take, and what they answer. */
import type { Metadata, Peer, PeerIdentity } from "@ams/client";
import type { CheckedLink } from "../contract.ts";
import type { SubscriptionEvent } from "../subscriptions/events.ts";
import type { Entry, Presence } from "../subscriptions/messages.ts";
import type { MessageOptions } from "../subscriptions/read-messages.ts";

/** Which subscription a call is about: see `Session`. */
export type Target = {
  /** A magic link as it was given; checked in this call. */
  readonly link?: string;
  readonly conversationId?: string;
  readonly streamName?: string;
  /** Which subscription, as its join said: it decides before all else. */
  readonly handle?: string;
  /** The link that an account's call came by; used where it leads to the handle's conversation. */
  readonly boundLink?: CheckedLink;
  /** The caller has gone: the call answers `aborted` and, if it reads, has consumed nothing. */
  readonly signal?: AbortSignal;
};

export type JoinRequest = Target & {
  /** At most 16 KiB of JSON. On a subscription that is live it replaces the metadata. */
  readonly streamMetadata?: Metadata;
  /** Set once, when the subscription is first taken. */
  readonly peerIdentity?: PeerIdentity;
  /** Set once, when the subscription is first taken: also hear the own stream. */
  readonly selfSubscribe?: boolean;
  /**
   * A cursor of this subscription: the next `recv` goes on after it, in another process by what the
   * conversation keeps.
   */
  readonly since?: string;
  /**
   * The next `recv` begins with the last so many messages that the buffer holds, 1 at least; on a
   * new subscription those that the conversation keeps. `since` beats it.
   */
  readonly lastN?: number;
  /**
   * Takes the subscription from whatever session holds it; not when `since` or `lastN` is refused.
   */
  readonly takeOver?: boolean;
  /**
   * True where nobody asked to join, but to hear: a subscription that was left stays left, and one
   * that is named and has to be made was elsewhere before, so that its readers learn that something
   * may be lost.
   */
  readonly toListen?: boolean;
  /**
   * The name of a subscription that has to be made while none was named; an automatic one unless
   * given.
   */
  readonly newStreamName?: string;
};

/** What every call that acted under a name says. */
export type Named = {
  readonly conversationId: string;
  readonly streamId: string;
  readonly streamName: string;
  /** By which later calls name the subscription, in any session and process. */
  readonly handle: string;
};

export type Joined = Named & {
  readonly ownerAccountId: string;
  readonly metadata: Metadata;
  readonly selfSubscribe: boolean;
  readonly peers: readonly Peer[];
  readonly conversationMetadata: Metadata;
  /** Where the next `recv` begins. */
  readonly cursor: string;
  /** True when the subscription was there already, or its stream was live and this took it over. */
  readonly resumed: boolean;
  /**
   * True when the next `recv` begins after a loss: `since` is of a subscription that is gone (its
   * process ended, or it was forgotten), or the stream was live elsewhere, and what it heard there
   * is not known here.
   */
  readonly truncated: boolean;
};

export type SendRequest = Target & {
  /** At most 65,536 bytes of UTF-8; empty sends nothing but the end of the turn. */
  readonly data: string;
  /** Whether this is the end of the turn: then the sentinel follows. */
  readonly endsTurn?: boolean;
  /** Begins the count of the loop guard again. */
  readonly overrideLoop?: boolean;
};

/** The broker's receipt: it has taken the frame. */
export type Sent = Named & {
  /** The broker's clock, ISO 8601 with milliseconds. */
  readonly ts: string;
  /** The frame's position in its stream, `<epoch>-<n>`. */
  readonly seq: string;
};

export type SentText = Sent & {
  /** Turns that two streams of this process have alternated, with nobody else speaking. */
  readonly alternated: number;
  /** Finished messages that wait to be read. */
  readonly pending: number;
  /** Whether the call joined. */
  readonly joined: boolean;
};

export type MetadataRequest = Target & { readonly metadata: Metadata };

/** What every call that reads has. */
export type Reading = Target & {
  /**
   * What came after it; without one, what came after the last `recv` of this subscription. It may
   * name the stream by itself.
   */
  readonly cursor?: string;
  /** Milliseconds to wait when there is nothing yet: 0, unless given, to 25,000. */
  readonly waitMs?: number;
};

export type RecvRequest = Reading & {
  /** 1 to 1,000; 100 unless given. `truncated` doesn't count. */
  readonly maxEvents?: number;
};

export type MessagesRequest = Reading & MessageOptions;

export type Received = ReadOutcome & {
  /** Oldest first; empty when the wait was over. */
  readonly events: readonly SubscriptionEvent[];
};

export type ReceivedMessages = ReadOutcome & {
  /** In the order in which they began; empty when the wait was over. */
  readonly entries: readonly Entry[];
  readonly presence: readonly Presence[];
  /** The live streams by their ids, for what they call themselves. */
  readonly peers: ReadonlyMap<string, Peer>;
};

type ReadOutcome = Named & {
  /**
   * For the next `recv`. The same cursor gives the same events again, for as long as the buffer
   * holds them.
   */
  readonly nextCursor: string;
  /**
   * True when something between the cursor and `nextCursor` is, or may be, lost at this side: a
   * `truncated` or a gap with reason `away` is among the events.
   */
  readonly truncated: boolean;
  /**
   * How many events of this subscription are lost that this reader hadn't read, as far as they
   * could be counted.
   */
  readonly dropped: number;
  /** True when there is more already. */
  readonly more: boolean;
};

export type Roster = {
  readonly conversationId: string;
  readonly namespace: string;
  readonly alias: string;
  /**
   * The session's own stream there; null without a subscription, and then `peers` are all streams.
   */
  readonly streamName: string | null;
  readonly peers: readonly Peer[];
  /** As minted. */
  readonly conversationMetadata: Metadata;
};

export type PendingOptions = {
  readonly conversationId?: string;
  /** Only the subscription, or subscriptions, of this name. */
  readonly streamName?: string;
  /** Events at most, 64 unless given; 0 only counts. */
  readonly max?: number;
};

export type Pending = {
  /** How many events wait for `recv`. */
  readonly count: number;
  /**
   * Those that were not shown to this session yet, oldest first; `truncated` counts towards `max`.
   */
  readonly events: readonly SubscriptionEvent[];
};
