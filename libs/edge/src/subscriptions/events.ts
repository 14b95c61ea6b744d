/** What a subscription hears, as its readers get it. */
import type { Metadata, PeerIdentity } from "@ams/client";

type Placed = {
  readonly conversationId: string;
  /** The position after this event: give it to `recv`, to `since`, or to `listen`. */
  readonly cursor: string;
};

type OfStream = Placed & {
  readonly streamId: string;
  readonly streamName: string;
  readonly ownerAccountId: string;
  readonly peerIdentity?: PeerIdentity;
  /** The broker's clock, ISO 8601 with milliseconds. */
  readonly ts: string;
};

/**
 * What a subscription hears. Everything in it that peers wrote (names, data, metadata, identity) is
 * theirs.
 */
export type SubscriptionEvent =
  | (OfStream & {
      readonly kind: "token";
      readonly seq: string;
      readonly data: string;
      /** It was said before, and comes from what the conversation keeps. */
      readonly replay?: true;
    })
  | (OfStream & {
      readonly kind: "stream_metadata";
      readonly seq: string;
      readonly metadata: Metadata;
    })
  | (OfStream & { readonly kind: "stream_joined"; readonly metadata: Metadata })
  | (OfStream & { readonly kind: "stream_left"; readonly seq?: string })
  /**
   * The wire lost frames, or may have: the SDK's `GapEvent`, of one stream or of all (null). Reason
   * `away`: this subscription wasn't connected for a while (idle, closed, displaced), and what was
   * said meanwhile is not known here.
   */
  | (Placed & {
      readonly kind: "gap";
      readonly streamId: string | null;
      readonly streamName: string | null;
      readonly after: string | null;
      readonly before: string | null;
      readonly missing: number | null;
      readonly reason: string;
    })
  /**
   * This side lost events between the one before and the one after: how many that this reader
   * hadn't read, null if unknown.
   */
  | (Placed & { readonly kind: "truncated"; readonly dropped: number | null });

export type PushEvent =
  | SubscriptionEvent
  /**
   * The subscription hears nothing any more, or this session does not. `code` and `reason` are the
   * wire's (4001 `link_revoked`, 4005 `conversation_closed` …), or 1006 `connection_lost`, 1000
   * `left`, 1000 `idle`, 4001 `seat_taken` (by another session here), 4503 `draining` (this process
   * ends: come back by the same name).
   */
  | {
      readonly kind: "closed";
      readonly conversationId: string;
      readonly streamName: string;
      readonly code: number;
      readonly reason: string;
    };
