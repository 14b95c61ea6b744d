/**
 * What a connection reports: tokens, who comes and goes, and what became of the connection itself.
 */
import type { AmsError } from "../errors.ts";
import { type Fields, isFields } from "../fields.ts";

/**
 * Any JSON object. AMS knows no key of it. Numbers are JavaScript's: one that a double can't hold
 * is rounded here.
 */
export type Metadata = Fields;

/** Who a stream says it is: set once, carried, and verified by nobody. */
export type PeerIdentity = {
  readonly kind: "agent" | "human";
  readonly model?: string;
  readonly client?: string;
};

/** How a stream is named on everything that comes from it. */
export type StreamIdentity = {
  /**
   * `str_` + 26 hex; the same for the same conversation, account and name, whenever it joins
   * (§1.3).
   */
  readonly streamId: string;
  readonly streamName: string;
  readonly ownerAccountId: string;
  readonly peerIdentity?: PeerIdentity;
};

/** A live stream, as the roster shows it. */
export type Peer = StreamIdentity & { readonly metadata: Metadata };

/** What an event that comes from the conversation's log has (§7). */
export type Kept = {
  /** It was said before, and is replayed. */
  readonly replay?: true;
  /** The place after it, on a connection with `catchUp: "log"`. */
  readonly cursor?: string;
};

/** A token, exactly as its author sent it. */
export type TokenEvent = StreamIdentity &
  Kept & {
    readonly type: "token";
    /** At most 65,536 bytes of UTF-8; may be empty. */
    readonly data: string;
    /** `<epoch>-<n>`: its position in its stream (§4.6). */
    readonly seq: string;
    /** The broker's clock, ISO 8601 with milliseconds. */
    readonly ts: string;
  };

/** A stream came. After a reconnect also for each stream that came meanwhile. */
export type StreamJoinedEvent = Peer & { readonly type: "stream_joined"; readonly ts: string };

/** A stream left. After a reconnect also for each stream that left meanwhile. */
export type StreamLeftEvent = StreamIdentity & {
  readonly type: "stream_left";
  readonly ts: string;
  /** The stream's last seq, where the broker knows it (§4.6.3). */
  readonly seq?: string;
};

/** The log has that a stream left, at this place. It says nothing of who is here. */
export type StreamEndedEvent = StreamIdentity &
  Kept & {
    readonly type: "stream_ended";
    readonly ts: string;
    /** The stream's last seq, where it is known. */
    readonly seq?: string;
  };

/**
 * Kept tokens of one stream that follow each other, with `catchUp: "assembled"`. What this
 * connection had already is left out.
 */
export type ReplayedEvent = {
  readonly type: "replayed";
  readonly streamId: string;
  readonly streamName: string;
  /** Seqs of the first and the last. */
  readonly from: string;
  readonly to: string;
  readonly data: readonly string[];
};

/** The reader's place in the log: from it `join(link, { since })` goes on. */
export type CursorEvent = { readonly type: "cursor"; readonly cursor: string };

/** All kept frames that were asked for have come; what follows is live. */
export type LiveEvent = {
  readonly type: "live";
  readonly cursor: string;
  /** False when some were no longer kept: `gap` events say of which streams. */
  readonly complete: boolean;
};

/** A stream has new metadata. */
export type StreamMetadataEvent = Peer &
  Kept & {
    readonly type: "stream_metadata";
    readonly ts: string;
    readonly seq: string;
  };

/** The connection is established: once after `join`, and once more after each reconnect. */
export type JoinedEvent = Peer & {
  readonly type: "joined";
  readonly conversationId: string;
  readonly conversationMetadata: Metadata;
  readonly selfSubscribe: boolean;
  /** The ids asked for, null without a selection. */
  readonly subscribedStreams: readonly string[] | null;
  /** True when the stream was live and this connection took it over (§3.5). */
  readonly resumed: boolean;
  /** True when its link admits to read only: whatever it sends ends it (`read_only_link`). */
  readonly readOnly: boolean;
  /** True when this is not the first time that this connection joined. */
  readonly reconnected: boolean;
  /** What the conversation keeps; absent when it keeps nothing. */
  readonly replay?: { readonly ttlS: number; readonly maxBytes: number };
  /** The reader's place in the log; absent where there is none. */
  readonly cursor?: string;
  /** True when kept frames follow, up to `live`. */
  readonly replays?: true;
  readonly epoch: number;
  readonly ts: string;
  /** How many other streams are live, with `roster: "summary"`. */
  readonly peerCount?: number;
  /** The other live streams. */
  readonly peers: readonly Peer[];
};

/**
 * Frames are lost, or may be. Reasons: `bus_interrupted` and `displaced` (the broker's, §4.7),
 * `missed` (a jump in seq), `reconnected` (something happened to the stream while this connection
 * was away), `unread` (nobody listened on this connection and more arrived than it keeps); newer
 * deployments may have more.
 */
export type GapEvent = {
  readonly type: "gap";
  /** The stream, null when it is about all of them. */
  readonly streamId: string | null;
  readonly streamName: string | null;
  /** The last seq before the loss and the first after it; null when unknown. */
  readonly after: string | null;
  readonly before: string | null;
  /** How many frames; null when unknown, which may also mean none. */
  readonly missing: number | null;
  readonly reason: string;
};

/**
 * The connection broke and comes back by itself. Frames handed out just before may be lost unless a
 * receipt came.
 */
export type ReconnectingEvent = {
  readonly type: "reconnecting";
  /** 1 for the first try of this outage. */
  readonly attempt: number;
  /** Milliseconds until that try. */
  readonly delayMs: number;
  readonly cause: AmsError;
};

/** How many other streams are live now, with `roster: "summary"`. */
export type RosterEvent = {
  readonly type: "roster";
  readonly peerCount: number;
  readonly ts: string;
};

/**
 * The gateway is going away; the connection moves to another one by itself after this time (§4.9).
 */
export type DrainingEvent = { readonly type: "draining"; readonly reconnectAfterMs: number };

/**
 * A sentence for people, of the deployment's operator, or of the broker before it closes a
 * connection that sends too fast (§4.10).
 */
export type NoticeEvent = {
  readonly type: "notice";
  readonly level: "info" | "warning" | "error";
  readonly text: string;
};

/** The last event. `error` is null when this side closed. */
export type ClosedEvent = { readonly type: "closed"; readonly error: AmsError | null };

export type AmsEvent =
  | TokenEvent
  | StreamJoinedEvent
  | StreamLeftEvent
  | StreamMetadataEvent
  | StreamEndedEvent
  | ReplayedEvent
  | CursorEvent
  | LiveEvent
  | JoinedEvent
  | GapEvent
  | ReconnectingEvent
  | DrainingEvent
  | RosterEvent
  | NoticeEvent
  | ClosedEvent;

/** The event of one type. */
export type EventOf<Type extends AmsEvent["type"]> = Extract<AmsEvent, { readonly type: Type }>;

export function isPeerIdentity(value: unknown): value is PeerIdentity {
  if (!isFields(value)) return false;
  const { kind, model, client } = value;
  return (kind === "agent" || kind === "human") && isOptionalText(model) && isOptionalText(client);
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
