/**
 * What a wrapper gives to an edge whose callers can't hold a socket: sessions that come and go, seats that stay, one buffer per
 * seat, and several ways to read it. It knows nothing of how the edge speaks with its callers. Types only; README.md has the story.
 */
import type { Account, Metadata, Offer, Peer, PeerIdentity } from "@ams/client";
import type { Fault } from "./faults.ts";
import type { WrapperLimits } from "./limits.ts";

/** What was asked is done, or one fault with one sentence that may be shown to anybody: it repeats nothing that was given. */
export type Result<Value> =
  | ({ readonly ok: true } & Value)
  | { readonly ok: false; readonly fault: Fault; readonly message: string };

/** Who speaks in a request, as `credentials` and `links` found. */
export type Who =
  | { readonly kind: "account"; readonly account: Account }
  /** Nobody with an account. `link` is the link that the session is bound to; null binds it to none. */
  | { readonly kind: "guest"; readonly link: CheckedLink | null };

/** A magic link that is good at this moment. */
export type CheckedLink = {
  /** The link at this deployment's own address, whatever host it was given with. It is a secret. */
  readonly magicLink: string;
  readonly conversationId: string;
  readonly namespace: string;
  readonly alias: string;
  /** The conversation's metadata, as minted. */
  readonly metadata: Metadata;
  /** The live streams when it was checked, which is at most a second ago. */
  readonly streams: readonly Peer[];
  /** A hash that tells links apart. It is no secret and opens nothing. */
  readonly key: string;
};

export interface Credentials {
  /**
   * The account of a credential. To be asked on every request: a yes is kept for 1 s, a no never, and requests that ask at once
   * share one question. Faults: `invalid_credential`, `unavailable`.
   */
  check(credential: string): Promise<Result<{ readonly account: Account }>>;
}

export interface Links {
  /**
   * Whether a link admits, and to what. The host of the link is not judged: its path and token are asked for at this
   * deployment. Kept as credentials are. Faults: `invalid_magic_link` (no link at all, or wrong, expired, revoked),
   * `conversation_not_found`, `unavailable`.
   */
  check(magicLink: string): Promise<Result<{ readonly link: CheckedLink }>>;
}

/** Time, so that tests needn't wait. */
export interface Clock {
  /** Milliseconds that only ever rise. */
  now(): number;
  /** Calls once after `ms` unless the returned function is called before. */
  after(ms: number, call: () => void): () => void;
}

/** What an edge may count. Names are of a closed set; there are no labels, so nothing secret can become one. */
export type Count =
  | "seats_taken"
  | "seats_left"
  | "seats_closed"
  | "seats_idle"
  | "seats_displaced"
  | "seat_takeovers"
  | "dials"
  | "dials_failed"
  | "reconnects"
  | "events_buffered"
  | "events_dropped"
  | "events_received"
  | "events_pushed"
  | "events_shown"
  | "tokens_sent"
  | "sessions_opened"
  | "sessions_ended"
  | "sessions_refused";

export interface Counters {
  add(count: Count, by: number): void;
}

export type WrapperOptions = {
  /** Where the deployment is reached, such as `http://127.0.0.1:8080`. Every dial and every check goes there. */
  readonly url: string;
  /** Over the defaults of `limits.ts`. */
  readonly limits?: Partial<WrapperLimits>;
  readonly clock?: Clock;
  readonly counters?: Counters;
};

/** One per process. `createWrapper(options)` of `wrapper.ts` makes it. */
export interface Wrapper {
  readonly credentials: Credentials;
  readonly links: Links;
  /** What the deployment offers (`GET /v1`), kept for a minute. Fault: `unavailable`. */
  offer(): Promise<Result<{ readonly offer: Offer }>>;
  /**
   * Opens a session. Faults: `too_many_sessions` (of the process, or of this address), `session_exists`,
   * `invalid_session_id`.
   */
  open(request: OpenSession): Result<{ readonly session: Session }>;
  /**
   * The session of that id for one request, null if there is none or it belongs to somebody else: the two can't be told apart.
   * An account's session needs that account (with any of its credentials); a guest's needs no account, and the link that it is
   * bound to. `who` must have been checked for this request; its credential is what a dial of this request uses.
   */
  find(id: string, who: Who): Session | null;
  /** How many there are now, for gauges. */
  readonly size: { readonly sessions: number; readonly seats: number; readonly listeners: number };
  /** Ends every session and leaves with every seat. */
  close(): Promise<void>;
}

export type OpenSession = {
  /** Chosen by the edge, and not to be guessed: 1 to 128 characters. */
  readonly id: string;
  readonly who: Who;
  /** Where the caller comes from: only compared, never told or logged. */
  readonly address: string;
  /** The caller's program, such as `claude-code`: the beginning of automatic stream names. */
  readonly clientName?: string;
  /**
   * True where the edge's caller has no session and the edge makes one up (one per account, or one per request of a guest): its
   * automatic names come from the account, so that they are the same in every process, and when another process has taken its
   * stream over, its next call takes it back without being told to.
   */
  readonly passing?: boolean;
};

/**
 * One caller's presence. A session is live while a call or a listener of it is open, and for 30 s after; a seat claimed by a live
 * session is its alone. A session that isn't live keeps its claims until somebody else wants them, and is forgotten after an hour
 * without a call. The object is good for one request; what it stands for is in the wrapper.
 *
 * Which seat a call is about. With `link`: the conversation of that link, checked in this call, wherever the session has been
 * before. Without: `conversationId`; without either, the only conversation that the session has a seat in (`which_conversation` if
 * there are several). A link and another `conversationId` together: `conversation_mismatch`. Within the conversation:
 * `streamName`; without it, the stream name in `cursor`, then the seat that this session used last there, then (with a link) one with
 * an automatic name, or (without) the only one that the account has there (`which_stream` if there are several). An account reaches
 * all its seats by conversation and name; a guest's seat is reached by the session that took it, or by its stream name with its link.
 *
 * An automatic name is the slug of the caller's program, `-`, and 4 hex: for accounts of the account and the conversation, so that a
 * new session finds the seat again that no other one has (names of others' seats, here or live elsewhere, are passed over); for
 * guests of the session, so that no two share a seat.
 *
 * Common faults of all calls: `invalid_magic_link`, `conversation_not_found`, `not_joined` (no seat there, and no link to take one
 * with), `which_conversation`, `which_stream`, `conversation_mismatch`, `invalid_stream_name`, `seat_taken` (by another live session, or this one
 * lost it to a take-over), `left`, `too_many_seats`, what refuses a dial (`invalid_credential`, `stream_name_conflict`,
 * `account_concurrency_limit`, `conversation_subscriber_limit`, `dial_timeout`, `unavailable`), what ended the seat
 * (`link_revoked`, `conversation_closed`), `session_ended`, `aborted`.
 */
export interface Session {
  readonly id: string;
  readonly who: Who;
  /** False once it was ended or forgotten. */
  readonly open: boolean;
  /**
   * Takes the seat, or finds it again. The only call that comes back after `leave`. Faults also: `invalid_cursor`, `invalid_max_events`
   * (of `lastN`), `invalid_metadata`, `invalid_peer_identity`.
   */
  join(request: JoinRequest): Promise<Result<Joined>>;
  /** Emits one token; takes the seat first if need be. Faults also: `token_too_large`, `backpressure`, `rate_limited`, `delivery_unknown`. */
  send(request: SendRequest): Promise<Result<Sent>>;
  /** Reads; takes the seat first if need be. Faults also: `invalid_cursor`, `invalid_wait`, `invalid_max_events`. */
  recv(request: RecvRequest): Promise<Result<Received>>;
  /** Replaces the stream's metadata. Faults also: `invalid_metadata`, and those of `send`. */
  setMetadata(request: MetadataRequest): Promise<Result<Sent>>;
  /** Who is there now. Doesn't take a seat: a link is enough, or a seat. */
  peers(request: Target): Promise<Result<Roster>>;
  /** Leaves; the buffer goes. Until the next `join` the calls answer `left`. Leaving again is fine. */
  leave(request: Target): Promise<Result<Named>>;
  /** What waits unread, over all seats that the session holds or in one conversation. Consumes nothing; shows each event to this session once. */
  pending(options?: PendingOptions): Pending;
  /**
   * Pushes the events of all seats that the session holds, now and later, each event once per `path`, until `stop`. A newer
   * listener of a path replaces the older one, which is told, and goes on where it stopped. Consumes nothing. It begins where the
   * seat's reading stood when the session got the seat. Faults: `too_many_listeners`, `invalid_cursor`, `session_ended`.
   */
  listen(listener: Listener, options?: ListenOptions): Result<{ readonly listening: Listening }>;
  /**
   * Ends the session: its calls answer `session_ended`, its listeners stop; its seats stay as they are, claimed by nobody. With
   * `leaveWire` the seats that it holds also leave the wire at once, as idle ones do (the others see them leave), and keep their
   * buffer and place: whoever asks for one of them next dials again.
   */
  end(options?: { readonly leaveWire?: boolean }): void;
}

/** Which seat a call is about: see `Session`. */
export type Target = {
  /** A magic link as it was given; checked in this call. */
  readonly link?: string;
  readonly conversationId?: string;
  readonly streamName?: string;
  /** The caller has gone: the call answers `aborted` and, if it reads, has consumed nothing. */
  readonly signal?: AbortSignal;
};

export type JoinRequest = Target & {
  /** At most 16 KiB of JSON. On a seat that is live it replaces the metadata. */
  readonly streamMetadata?: Metadata;
  /** Set once, when the seat is first taken. */
  readonly peerIdentity?: PeerIdentity;
  /** Set once, when the seat is first taken: also hear the own stream. */
  readonly selfSubscribe?: boolean;
  /** A cursor of this seat: the next `recv` goes on behind it. */
  readonly since?: string;
  /** The next `recv` begins with the last so many events that the buffer holds, 1 at least; `since` beats it. */
  readonly lastN?: number;
  /** Takes the seat from whatever session holds it. */
  readonly takeOver?: boolean;
};

/** What every call that acted under a name says. */
export type Named = {
  readonly conversationId: string;
  readonly streamId: string;
  readonly streamName: string;
};

export type Joined = Named & {
  readonly ownerAccountId: string;
  readonly metadata: Metadata;
  readonly selfSubscribe: boolean;
  readonly peers: readonly Peer[];
  readonly conversationMetadata: Metadata;
  /** Where the next `recv` begins. */
  readonly cursor: string;
  /** True when the seat was there already, or its stream was live and this took it over. */
  readonly resumed: boolean;
  /** True when `since` is of a seat that is gone (its process ended, or it was forgotten): what came in between is lost. */
  readonly truncated: boolean;
};

export type SendRequest = Target & {
  /** At most 65,536 bytes of UTF-8. */
  readonly data: string;
};

/** The broker's receipt: it has taken the frame. */
export type Sent = Named & {
  /** The broker's clock, ISO 8601 with milliseconds. */
  readonly ts: string;
  /** The frame's place in its stream, `<epoch>-<n>`. */
  readonly seq: string;
};

export type MetadataRequest = Target & { readonly metadata: Metadata };

export type RecvRequest = Target & {
  /** What came after it; without one, what came after the last `recv` of this seat. It may name the stream by itself. */
  readonly cursor?: string;
  /** Milliseconds to wait when there is nothing yet: 0, unless given, to 25,000. */
  readonly waitMs?: number;
  /** 1 to 1,000; 100 unless given. `truncated` doesn't count. */
  readonly maxEvents?: number;
};

export type Received = Named & {
  /** Oldest first; empty when the wait was over. */
  readonly events: readonly SeatEvent[];
  /** For the next `recv`. The same cursor gives the same events again, for as long as the buffer holds them. */
  readonly nextCursor: string;
  /** True when something between the cursor and `nextCursor` is, or may be, lost at this side: a `truncated` or a gap with reason `away` is among the events. */
  readonly truncated: boolean;
  /** How many events of this seat are lost that this reader hadn't read, as far as they could be counted. */
  readonly dropped: number;
  /** True when there is more already. */
  readonly more: boolean;
};

export type Roster = {
  readonly conversationId: string;
  /** The session's own stream there; null without a seat, and then `peers` are all streams. */
  readonly streamName: string | null;
  readonly peers: readonly Peer[];
};

export type PendingOptions = {
  readonly conversationId?: string;
  /** Events at most, 64 unless given; 0 only counts. */
  readonly max?: number;
};

export type Pending = {
  /** How many events wait for `recv`. */
  readonly count: number;
  /** Those that were not shown to this session yet, oldest first; `truncated` doesn't count towards `max`. */
  readonly events: readonly SeatEvent[];
};

export type ListenOptions = {
  /** Which reader of the session this is; `push` unless given. A path has one listener at a time and remembers its place. */
  readonly path?: string;
  /** Only this conversation. */
  readonly conversationId?: string;
  /** The cursor of the last event that arrived: its seat's events are pushed again from there. Other seats go on where they were. */
  readonly since?: string;
};

export interface Listener {
  /**
   * Takes one event. False says that it took this one and wants no more until `Listening.resume`: what overflows the buffer
   * meanwhile is then told by a `truncated` at its place. It must not call back into the session.
   */
  event(event: PushEvent): boolean;
  /** The last call: a newer listener has the path, the session has ended, or the wrapper closes. Not called after `stop`. */
  ended(why: "replaced" | "session_ended" | "wrapper_closed"): void;
}

export interface Listening {
  /** Goes on after an `event` that answered false. */
  resume(): void;
  /** Stops; the path keeps its place for the next listener. */
  stop(): void;
}

type Placed = {
  readonly conversationId: string;
  /** The place behind this event: give it to `recv`, to `since`, or to `listen`. */
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

/** What a seat hears. Everything in it that peers wrote (names, data, metadata, identity) is theirs. */
export type SeatEvent =
  | (OfStream & { readonly kind: "token"; readonly seq: string; readonly data: string })
  | (OfStream & {
      readonly kind: "stream_metadata";
      readonly seq: string;
      readonly metadata: Metadata;
    })
  | (OfStream & { readonly kind: "stream_joined"; readonly metadata: Metadata })
  | (OfStream & { readonly kind: "stream_left"; readonly seq?: string })
  /**
   * The wire lost frames, or may have: the SDK's `GapEvent`, of one stream or of all (null). Reason `away`: this seat wasn't
   * connected for a while (idle, closed, displaced), and what was said meanwhile is not known here.
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
  /** This side lost events between the one before and the one behind: how many that this reader hadn't read, null if unknown. */
  | (Placed & { readonly kind: "truncated"; readonly dropped: number | null });

export type PushEvent =
  | SeatEvent
  /**
   * The seat hears nothing any more, or this session does not. `code` and `reason` are the wire's (4001 `link_revoked`, 4005
   * `conversation_closed` …), or 1006 `connection_lost`, 1000 `left`, 1000 `idle`, 4001 `seat_taken` (by another session here).
   */
  | {
      readonly kind: "closed";
      readonly conversationId: string;
      readonly streamName: string;
      readonly code: number;
      readonly reason: string;
    };
