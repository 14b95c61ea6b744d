/**
 * The frames of the wire, as data (§4). Metadata and token data stay JSON text from end to end:
 * the broker checks that they are well-formed and never learns what they say.
 */

import type { AccountId, ConversationId, StreamId, StreamName } from "./ids.ts";
import type { JsonText } from "./json.ts";
import { NOTICE_CHARACTERS_MAX } from "./limits.ts";
import type { ReplayTerms } from "./replay.ts";

/** What a client may send. `data` and `metadata` are the raw JSON text that the client wrote. */
export type ClientFrame =
  | { readonly type: "token"; readonly data: JsonText }
  | { readonly type: "set_metadata"; readonly metadata: JsonText }
  | { readonly type: "ping" }
  /** Any `x_…` type: tolerated and ignored, so that clients may be newer than servers. */
  | { readonly type: "extension" };

/** How a stream is named to others, on every frame of it. */
export type StreamIdentity = {
  readonly stream_id: StreamId;
  readonly stream_name: StreamName;
  readonly owner_account_id: AccountId;
  /** JSON of `{kind, model?, client?}` when it was given; set once, carried, not verified. */
  readonly peer_identity: JsonText | null;
};

/** A stream as a roster shows it. */
export type Peer = StreamIdentity & { readonly metadata: JsonText };

/** The first frame that a connection hears. */
export type Joined = {
  readonly conversation_id: ConversationId;
  readonly stream: Peer;
  readonly conversation_metadata: JsonText;
  readonly self_subscribe: boolean;
  readonly subscribed_streams: readonly StreamId[] | null;
  readonly resumed: boolean;
  /** Its link admits to read only (§2.7.8). */
  readonly read_only: boolean;
  readonly epoch: number;
  readonly ts: string;
  /** All other live streams; their number alone for who asked for a summary. */
  readonly peers: Iterable<Peer> | number;
  /** What the conversation keeps, and the reader's place in it; null when it keeps nothing. */
  readonly kept: { readonly replay: ReplayTerms; readonly cursor: string } | null;
};

/** Kept tokens of one stream that follow each other, in one frame (§7.3.4). */
export type Assembled = {
  readonly stream_id: StreamId;
  readonly stream_name: StreamName;
  readonly from: string;
  readonly to: string;
  /** Each as the JSON string that it is. */
  readonly data: readonly JsonText[];
};

/** Why the broker knows that frames were lost (§4.7). */
export type GapReason =
  | "bus_interrupted" /** The bus between gateways was away. */
  | "not_kept" /** They are no longer in the log, or never were (§7.4). */
  | "displaced"; /** They came from a connection that another one had taken over from. */

/** What a gateway says of a loss. */
export type Gap = Omit<GapFrame, "type"> & {
  readonly stream_id: StreamId;
  readonly reason: GapReason;
};

/** Who claims to be behind a stream, as a reader parses it; newer clients may have more members. */
export type PeerIdentity = {
  readonly kind: "agent" | "human";
  readonly model?: string | undefined;
  readonly client?: string | undefined;
  readonly [member: string]: unknown;
};

/** `StreamIdentity` on the wire. */
type IdentityMembers = {
  readonly stream_id: string;
  readonly stream_name: string;
  readonly owner_account_id: string;
  readonly peer_identity?: PeerIdentity | undefined;
};

type JsonObject = Readonly<Record<string, unknown>>;

/** `Peer` on the wire. */
type PeerMembers = IdentityMembers & { readonly metadata: JsonObject };

export type JoinedFrame = PeerMembers & {
  readonly type: "joined";
  readonly conversation_id: string;
  readonly conversation_metadata: JsonObject;
  readonly self_subscribe: boolean;
  readonly resumed?: true | undefined;
  readonly read_only?: true | undefined;
  readonly subscribed_streams?: readonly string[] | undefined;
  readonly ts: string;
  readonly epoch: number;
  readonly peers: readonly PeerMembers[];
  /** How many other streams are live, when a summary was asked for; `peers` is empty then. */
  readonly peer_count?: number | undefined;
  readonly replay?: ReplayTerms | undefined;
  readonly cursor?: string | undefined;
};

/** On a frame that comes from the log. */
type KeptMembers = {
  /** It was kept, and asked for. */
  readonly replay?: true | undefined;
  /** The place after it, on a connection that is served from the log (§7.3.5). */
  readonly cursor?: string | undefined;
};

export type StreamJoinedFrame = PeerMembers & {
  readonly type: "stream_joined";
  readonly ts: string;
};

export type StreamLeftFrame = IdentityMembers &
  KeptMembers & {
    readonly type: "stream_left";
    readonly ts: string;
    /** The stream's last, absent when the broker doesn't know it. */
    readonly seq?: string | undefined;
  };

export type StreamMetadataFrame = PeerMembers &
  KeptMembers & {
    readonly type: "stream_metadata";
    readonly ts: string;
    readonly seq: string;
  };

export type TokenFrame = IdentityMembers &
  KeptMembers & {
    readonly type: "token";
    readonly ts: string;
    readonly seq: string;
    readonly data: string;
  };

export type GapFrame = {
  readonly type: "x_gap";
  readonly stream_id: string;
  /** The last seq before the loss, null when unknown. */
  readonly after: string | null;
  /** The first seq after the loss, null when unknown. */
  readonly before: string | null;
  /** A `GapReason`, or one that a newer server added. */
  readonly reason: string;
};

export type ReceiptFrame = {
  readonly type: "x_receipt";
  readonly seq: string;
  readonly ts: string;
};

/** How many other streams are live now, for who asked for a summary (§4.5.4). */
export type RosterFrame = {
  readonly type: "x_roster";
  readonly peer_count: number;
  readonly ts: string;
};

export type CursorFrame = { readonly type: "x_cursor"; readonly cursor: string };

export type LiveFrame = {
  readonly type: "x_live";
  readonly cursor: string;
  /** Whether everything that was asked for was kept. */
  readonly complete: boolean;
};

export type AssembledFrame = {
  readonly type: "x_assembled";
  readonly stream_id: string;
  readonly stream_name: string;
  readonly from: string;
  readonly to: string;
  readonly data: readonly string[];
};

export type DrainFrame = { readonly type: "x_drain"; readonly reconnect_after_ms: number };

/** What an operator or the broker says to people (§4.10). */
export type NoticeFrame = {
  readonly type: "x_notice";
  readonly level: NoticeLevel;
  readonly text: string;
};

export const NOTICE_LEVELS = ["info", "warning", "error"] as const;

export type NoticeLevel = (typeof NOTICE_LEVELS)[number];

export function isNoticeLevel(value: unknown): value is NoticeLevel {
  return NOTICE_LEVELS.some((level) => level === value);
}

/** 1 to `NOTICE_CHARACTERS_MAX` characters, none of them a control character. */
export function isNoticeText(value: unknown): value is string {
  if (typeof value !== "string" || value === "" || value.length > NOTICE_CHARACTERS_MAX)
    return false;
  return !/\p{Cc}/u.test(value);
}

/** What a server may send, as a reader parses it (§4.5). */
export type ServerFrame =
  | JoinedFrame
  | StreamJoinedFrame
  | StreamLeftFrame
  | StreamMetadataFrame
  | TokenFrame
  | { readonly type: "pong" }
  | GapFrame
  | ReceiptFrame
  | DrainFrame
  | RosterFrame
  | NoticeFrame
  | CursorFrame
  | LiveFrame
  | AssembledFrame;

type MembersOf<Frame> = Frame extends ServerFrame ? keyof Frame : never;

/** Every member that some frame of a server has. */
export type ServerFrameMember = MembersOf<ServerFrame>;
