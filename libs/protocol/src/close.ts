/**
 * Why a socket ends. Every fault that the wire can report to a client has one row here, with its
 * close code and whether a client may come back by itself (§6); a new fault doesn't compile until
 * it has one.
 */

/** May the client come back without being asked? */
export type ComeBack =
  | "no" /** It is final, or a bug of the client. */
  | "later" /** When somebody else has left. */
  | "renamed" /** Under another stream name. */
  | "backoff" /** With exponential back-off. */
  | "pause" /** After a pause: it was too fast. */
  | "resume" /** At once; when that fails, with exponential back-off. */
  | "stated"; /** After the time that `x_drain` gave. */

export type CloseRow = { readonly code: number; readonly comeBack: ComeBack };

export const CLOSE = {
  invalid_magic_link: { code: 4001, comeBack: "no" },
  link_revoked: { code: 4001, comeBack: "no" },
  stream_displaced: { code: 4001, comeBack: "no" },
  invalid_credential: { code: 4002, comeBack: "no" },
  insufficient_scope: { code: 4002, comeBack: "no" },
  account_suspended: { code: 4002, comeBack: "no" },
  account_concurrency_limit: { code: 4003, comeBack: "later" },
  conversation_subscriber_limit: { code: 4003, comeBack: "later" },
  stream_name_conflict: { code: 4004, comeBack: "renamed" },
  conversation_not_found: { code: 4005, comeBack: "no" },
  conversation_closed: { code: 4005, comeBack: "no" },
  subscriber_backpressure: { code: 4290, comeBack: "resume" },
  rate_limited: { code: 4290, comeBack: "pause" },
  malformed_frame: { code: 4400, comeBack: "no" },
  unknown_frame_type: { code: 4400, comeBack: "no" },
  invalid_stream_name_header: { code: 4400, comeBack: "no" },
  invalid_stream_metadata_header: { code: 4400, comeBack: "no" },
  invalid_peer_identity_header: { code: 4400, comeBack: "no" },
  invalid_subscribe_streams_header: { code: 4400, comeBack: "no" },
  read_only_link: { code: 4400, comeBack: "no" },
  no_replay: { code: 4400, comeBack: "no" },
  invalid_cursor: { code: 4400, comeBack: "no" },
  host_not_allowed: { code: 4400, comeBack: "no" },
  internal_error: { code: 4500, comeBack: "backoff" },
  draining: { code: 4503, comeBack: "stated" },
} as const satisfies Record<string, CloseRow>;

/** The reason text of a close, and the name of the fault everywhere in the code. */
export type CloseReason = keyof typeof CLOSE;

/** The faults that can refuse a connect (§3.3). */
export type ConnectFault = Exclude<
  CloseReason,
  | "link_revoked"
  | "stream_displaced"
  | "conversation_closed"
  | "subscriber_backpressure"
  | FrameFault
>;

/** The faults that a client's frame can have (§4.4). */
export type FrameFault =
  | "malformed_frame"
  | "unknown_frame_type"
  | "read_only_link"
  | "rate_limited";
