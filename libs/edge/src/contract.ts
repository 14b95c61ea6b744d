/**
 * What a wrapper gives to an edge whose callers can't hold a socket: sessions that come and go,
 * subscriptions that stay, one buffer per subscription, and several ways to read it. It knows
 * nothing of how the edge speaks with its callers. Types only; README.md explains them.
 */
import type { Account, Metadata, Offer, Peer, PeerIdentity } from "@ams/client";
import type { Fault } from "./checks/faults.ts";
import type { Seal } from "./checks/seal.ts";
import type { WrapperLimits } from "./limits.ts";
import type {
  Joined,
  JoinRequest,
  MessagesRequest,
  MetadataRequest,
  Named,
  Pending,
  PendingOptions,
  Received,
  ReceivedMessages,
  RecvRequest,
  Roster,
  SendRequest,
  Sent,
  SentText,
  Target,
} from "./sessions/requests.ts";
import type { PushEvent } from "./subscriptions/events.ts";

/**
 * What was asked is done, or one fault with one sentence that may be shown to anybody: it repeats
 * nothing that was given.
 */
export type Result<Value> =
  | ({ readonly ok: true } & Value)
  | { readonly ok: false; readonly fault: Fault; readonly message: string };

/** Who speaks in a request, as `credentials` and `links` found. */
export type Who =
  | { readonly kind: "account"; readonly account: Account }
  /**
   * Nobody with an account. `link` is the link that the session is bound to; null binds it to none.
   */
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
  /** A hash that distinguishes links. It is no secret and opens nothing. */
  readonly key: string;
};

export interface Credentials {
  /**
   * The account of a credential. To be asked on every request: a yes is kept for 1 s, a no never,
   * and requests that ask at once share one question. Faults: `invalid_credential`, `unavailable`.
   */
  check(credential: string): Promise<Result<{ readonly account: Account }>>;
}

export interface Links {
  /**
   * Whether a link admits, and to what. The host of the link is not judged: its path and token are
   * asked for at this deployment. Kept as credentials are. Faults: `invalid_magic_link` (no link at
   * all, or wrong, expired, revoked), `conversation_not_found`, `unavailable`. The message about a
   * link that this process saw admit says that it did, and whether its conversation expired.
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

/**
 * What an edge may count. Names are of a closed set; there are no labels, so nothing secret can
 * become one.
 */
export type Count =
  | "subscriptions_taken"
  | "subscriptions_left"
  | "subscriptions_closed"
  | "subscriptions_idle"
  | "subscriptions_displaced"
  | "subscription_takeovers"
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
  /**
   * Where the deployment is reached, such as `http://127.0.0.1:8080`. Every dial and every check
   * goes there.
   */
  readonly url: string;
  /** Over the defaults of `limits.ts`. */
  readonly limits?: Partial<WrapperLimits>;
  readonly clock?: Clock;
  readonly counters?: Counters;
  /** Seals handles, by the secret of the deployment's processes; of this process unless given. */
  readonly seal?: Seal;
};

/** One per process. `createWrapper(options)` of `wrapper.ts` makes it. */
export interface Wrapper {
  readonly credentials: Credentials;
  readonly links: Links;
  /** What the deployment offers (`GET /v1`), kept for a minute. Fault: `unavailable`. */
  offer(): Promise<Result<{ readonly offer: Offer }>>;
  /**
   * Opens a session. Faults: `too_many_sessions` (of the process, or of this address),
   * `session_exists`, `invalid_session_id`.
   */
  open(request: OpenSession): Result<{ readonly session: Session }>;
  /**
   * The session of that id for one request, null if there is none or it belongs to somebody else:
   * the two can't be distinguished. An account's session needs that account (with any of its
   * credentials); a guest's needs no account, and the link that it is bound to. `who` must have
   * been checked for this request; its credential is what a dial of this request uses.
   */
  find(id: string, who: Who): Session | null;
  /** How many there are now, for gauges. */
  readonly size: {
    readonly sessions: number;
    readonly subscriptions: number;
    readonly listeners: number;
  };
  /**
   * Leaves with every subscription, of which listeners are notified (`closed` 4503 `draining`), and
   * then ends every session. A listener that lags gets a second to take what there is. Calls under
   * way are answered: `unavailable`.
   */
  close(): Promise<void>;
}

export type OpenSession = {
  /** Chosen by the edge, and not to be guessed: 1 to 128 characters. */
  readonly id: string;
  readonly who: Who;
  /** Where the caller comes from: only compared, never shown or logged. */
  readonly address: string;
  /** The caller's program, such as `claude-code`: the beginning of automatic stream names. */
  readonly clientName?: string;
  /**
   * As whom a stream joins when the call that takes its subscription doesn't say: `send`, `recv`,
   * or a `join` without one. At most 1,024 bytes of JSON, else every such call is refused. A
   * subscription that comes back keeps the identity that it first joined with.
   */
  readonly peerIdentity?: PeerIdentity;
  /**
   * True where the edge's caller has no session and the edge makes one up, one per handle: when
   * another process has taken its stream over, its next call takes it back by itself.
   */
  readonly passing?: boolean;
  /** What its automatic names come from, the same in each process; its id unless given. */
  readonly seed?: string;
  /** True where it was opened in another process, or before a restart. */
  readonly revived?: boolean;
};

/**
 * One caller's presence. A session is live while a call or a listener of it is open, and for 30 s
 * after; a subscription claimed by a live session is its alone. A session that isn't live keeps its
 * claims until somebody else wants them, and is forgotten after an hour without a call; one that
 * never took a subscription after a minute, or when another one needs its quota. The object is good
 * for one request; its state is in the wrapper.
 *
 * Which subscription a call is about. With `link`: the conversation of that link, checked in this
 * call, wherever the session has been before. Without: `conversationId`; without either, the only
 * conversation that the session has a subscription in (`which_conversation` if there are several).
 * A link and another `conversationId` together: `conversation_mismatch`. Within the conversation:
 * `handle` before all else (`unknown_handle` where it isn't this caller's), which also takes the
 * subscription from whoever holds it. Else `streamName`; without it, the stream name in `cursor`,
 * then the one that this session used last there, then (with a link) a new one with an automatic
 * name. An account reaches all its subscriptions by conversation and name; a guest's is reached by
 * the session that made it and by its handle, and its name is `name_taken` for everybody else.
 *
 * An automatic name is the slug of the caller's program (the client in the join's identity, else in
 * the session's, else its name), `-`, and 4 letters or digits of the session's seed, and free in
 * the conversation; so no two callers share one, and a session that is revived elsewhere has its
 * own again.
 *
 * Common faults of all calls: `invalid_magic_link`, `conversation_not_found`, `not_joined` (no
 * subscription there, and no link to take one with), `which_conversation`, `which_stream`,
 * `conversation_mismatch`, `invalid_stream_name`, `seat_taken` (by another live session, or this
 * one lost it to a takeover), `left`, `too_many_seats`, what refuses a dial (`invalid_credential`,
 * `stream_name_conflict`, `account_concurrency_limit`, `conversation_subscriber_limit`,
 * `dial_timeout`, `unavailable`), what ended the subscription (`link_revoked`,
 * `conversation_closed`), `session_ended`, `too_many_calls`, `aborted`.
 */
export interface Session {
  readonly id: string;
  readonly who: Who;
  /** False once it was ended or forgotten. */
  readonly open: boolean;
  /** Whether it has a subscription now. */
  readonly hasSubscription: boolean;
  /**
   * Takes the subscription, or finds it again. The only call that comes back after `leave`, unless
   * it says `toListen`. Faults also: `invalid_cursor`, `invalid_max_events` (of `lastN`),
   * `invalid_metadata`, `invalid_peer_identity`, and on a live subscription with `streamMetadata`
   * those of `send`.
   */
  join(request: JoinRequest): Promise<Result<Joined>>;
  /**
   * Emits one token; takes the subscription first if need be. Faults also: `token_too_large`,
   * `backpressure`, `rate_limited`, `delivery_unknown`.
   */
  send(request: SendRequest): Promise<Result<SentText>>;
  /**
   * Reads; takes the subscription first if need be: one that is named and that this process doesn't
   * know was elsewhere before, which is reported as a loss unless the conversation is new. Faults
   * also: `invalid_cursor`, `invalid_wait`, `invalid_max_events`.
   */
  recv(request: RecvRequest): Promise<Result<Received>>;
  /** The same as messages: the tokens of each turn joined. */
  recvMessages(request: MessagesRequest): Promise<Result<ReceivedMessages>>;
  /** Replaces the stream's metadata. Faults also: `invalid_metadata`, and those of `send`. */
  setMetadata(request: MetadataRequest): Promise<Result<Sent>>;
  /** Who is there now. Doesn't take a subscription: a link is enough, or a subscription. */
  peers(request: Target): Promise<Result<Roster>>;
  /**
   * Leaves; the buffer goes. Until the next `join` the calls answer `left`. Leaving again is fine.
   */
  leave(request: Target): Promise<Result<Named>>;
  /**
   * What waits unread, over all subscriptions that the session holds or in one conversation.
   * Consumes nothing; shows each event to this session once.
   */
  pending(options?: PendingOptions): Pending;
  /**
   * Pushes the events of all subscriptions that the session holds, now and later, each event once
   * per `path`, until `stop`. A newer listener of a path replaces the older one, which is notified,
   * and goes on where it stopped. Consumes nothing. It begins where the subscription's reading was
   * when the session got the subscription. Faults: `too_many_listeners`, `invalid_cursor`,
   * `session_ended`.
   */
  listen(listener: Listener, options?: ListenOptions): Result<{ readonly listening: Listening }>;
  /**
   * Ends the session: its calls answer `session_ended`, its listeners stop; its subscriptions stay
   * as they are, claimed by nobody. With `leaveWire` the subscriptions that it holds also leave the
   * wire at once, as idle ones do (the others see them leave), and keep their buffer and position:
   * whoever asks for one of them next dials again.
   */
  end(options?: { readonly leaveWire?: boolean }): void;
}

export type ListenOptions = {
  /**
   * Which reader of the session this is; `push` unless given. A path has one listener at a time and
   * remembers its position.
   */
  readonly path?: string;
  /** Only this conversation. */
  readonly conversationId?: string;
  /**
   * Only the subscription, or subscriptions, of this name; all subscriptions, of the conversation
   * or of the session, unless given.
   */
  readonly streamName?: string;
  /**
   * The cursor of the last event that arrived: its subscription's events are pushed again from
   * there. Other subscriptions go on where they were.
   */
  readonly since?: string;
};

export interface Listener {
  /**
   * Takes one event. False says that it took this one and wants no more until `Listening.resume`:
   * what overflows the buffer meanwhile is then reported by a `truncated` at its position. It must
   * not call back into the session. `subscription` is the one that heard it.
   */
  event(
    event: PushEvent,
    subscription: { readonly streamName: string; readonly handle: string },
  ): boolean;
  /**
   * The last call: a newer listener has the path, the session has ended, or the wrapper closes. Not
   * called after `stop`.
   */
  ended(why: "replaced" | "session_ended" | "wrapper_closed"): void;
}

export interface Listening {
  /** Goes on after an `event` that answered false. */
  resume(): void;
  /** Stops; the path keeps its position for the next listener. */
  stop(): void;
}
