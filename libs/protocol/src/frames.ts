/**
 * The frames of the wire, as data (§4). Metadata and token data stay JSON text from end to end:
 * the broker checks that they are well-formed and never learns what they say.
 */

import type { AccountId, ConversationId, StreamId, StreamName } from "./ids.ts";
import type { JsonText } from "./json.ts";

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
  readonly epoch: number;
  readonly ts: string;
  readonly peers: Iterable<Peer>;
};

/** Why the broker knows that frames were lost (§4.7). */
export type GapReason =
  | "bus_interrupted" /** The bus between gateways was away. */
  | "displaced"; /** They came from a connection that another one had taken over from. */

export type Gap = {
  readonly stream_id: StreamId;
  /** The last seq before the loss, null when unknown. */
  readonly after: string | null;
  /** The first seq behind the loss, null when unknown. */
  readonly before: string | null;
  readonly reason: GapReason;
};
