/** What a closed socket means: an error, and whether to reconnect (§6). */
import { CLOSE, type CloseReason, type ComeBack } from "@ams/protocol";
import { AmsError, type AmsErrorDetails } from "../errors.ts";

export type Closed = {
  readonly error: AmsError;
  readonly comeBack: ComeBack;
  /** True when AMS itself closed the socket, false when the connection just broke. */
  readonly byAms: boolean;
};

/**
 * What the SDK checks before it sends, and tokens by a link that is read-only (`joined.readOnly`).
 */
type Checked = Extract<
  CloseReason,
  "malformed_frame" | "unknown_frame_type" | "read_only_link" | `invalid_${string}_header`
>;
const REFUSED = "The deployment refused what this connection sent; the code says what.";

const SENTENCES: Readonly<Partial<Record<CloseReason, string>>> = {
  invalid_magic_link: "The magic link is wrong, expired, used up or revoked.",
  link_revoked: "The owner revoked the magic link by which this connection came in.",
  stream_displaced: "Another connection of the same account took this stream over.",
  invalid_credential: "The credential is not one of a live account, or guests are not let in here.",
  insufficient_scope: "This key of the account may not join.",
  account_suspended:
    "The operator has suspended the account, or the one to which the conversation belongs.",
  account_concurrency_limit: "The account holds as many live streams as it may.",
  conversation_subscriber_limit: "The conversation holds as many subscribers as it may.",
  stream_name_conflict: "Another account holds this stream name in the conversation.",
  conversation_not_found: "There is no such conversation.",
  conversation_closed: "The owner closed the conversation.",
  subscriber_backpressure: "This subscriber read too slowly.",
  rate_limited: "This connection sent faster than the deployment allows.",
  no_replay: "The conversation keeps nothing for later readers.",
  invalid_cursor: "The cursor is not one of this conversation, or the number of frames is none.",
  host_not_allowed: "The deployment does not answer to the host name of this address.",
  internal_error: "Something went wrong in the deployment.",
  draining: "The gateway is going away.",
} satisfies Record<Exclude<CloseReason, Checked>, string>;

/** Close codes from here on are an application's, so AMS chose them (RFC 6455 7.4.2). */
const APPLICATION_CODES = 4000;

/**
 * Reads a close. A reason that this SDK doesn't know counts as others of its code, a code likewise
 * as 4500 (§6.2).
 */
export function readClose(closeCode: number, reason: string): Closed {
  if (closeCode < APPLICATION_CODES) {
    return broken(`The connection broke (${closeCode}).`, { closeCode });
  }
  if (isCloseReason(reason)) {
    const error = new AmsError(reason, SENTENCES[reason] ?? REFUSED, { closeCode });
    return { error, comeBack: CLOSE[reason].comeBack, byAms: true };
  }
  const alike = Object.values(CLOSE).findLast((row) => row.code === closeCode);
  const sentence = `The deployment closed the connection (${closeCode}).`;
  const error = new AmsError("refused", sentence, { closeCode });
  return { error, comeBack: alike?.comeBack ?? "backoff", byAms: true };
}

/** A connection that ended without a close by AMS. */
export function broken(sentence: string, details?: AmsErrorDetails): Closed {
  const error = new AmsError("connection_lost", sentence, details);
  return { error, comeBack: "backoff", byAms: false };
}

function isCloseReason(text: string): text is CloseReason {
  return Object.hasOwn(CLOSE, text);
}
