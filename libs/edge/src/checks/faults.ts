/**
 * Everything that can be refused here, each with one sentence for whoever reads the answer. A new
 * fault doesn't compile without.
 */

export const FAULTS = {
  invalid_credential: "The credential is not one of a live account, or guests are not let in here.",
  invalid_magic_link: "The magic link is not one, or it is wrong, expired or revoked.",
  conversation_not_found: "There is no conversation behind this link.",
  not_joined: "There is no seat in this conversation: join it first, or give its magic link.",
  which_conversation: "This session is in several conversations: say which one.",
  which_stream:
    "There are several streams of yours in this conversation: say which, by stream_name.",
  conversation_mismatch:
    "The magic link leads to another conversation than the one that was named.",
  seat_taken:
    "Another session holds this seat: take it over explicitly, or take another stream name.",
  left: "This seat was left: nothing rejoins by itself, so join again first.",
  link_revoked: "The magic link that this seat came in by was revoked: join with a new one.",
  conversation_closed: "The conversation was closed by its owner.",
  stream_name_conflict: "Another account holds this stream name here: take another one.",
  account_concurrency_limit:
    "The account has as many live streams as it may have: leave one first.",
  conversation_subscriber_limit: "The conversation has as many subscribers as it may have.",
  invalid_stream_name:
    "A stream name is 1 to 63 of A-Z, a-z, 0-9, dot, _ and -, beginning with a letter or digit.",
  invalid_metadata: "Metadata is a JSON object of at most 16 KiB.",
  invalid_peer_identity:
    'A peer identity is {kind: "agent" | "human", model?, client?} of at most 1,024 bytes.',
  invalid_cursor: "The cursor is not one that this seat gave.",
  invalid_wait: "The wait is a whole number of milliseconds from 0 to 25000.",
  invalid_max_events: "The number of events is a whole number from 1 to 1000.",
  token_too_large: "A token is at most 65,536 bytes of UTF-8: split it.",
  backpressure: "Too much waits to be sent: nothing of this was, try again in a moment.",
  rate_limited: "This is too fast: come back after a pause.",
  delivery_unknown: "The connection broke before the receipt came: it may have been sent, or not.",
  dial_timeout: "The conversation could not be joined in time: try again.",
  unavailable: "AMS can't be reached or is too busy: try again in a moment.",
  too_many_sessions: "Too many sessions are open: end some, or come back later.",
  too_many_seats: "Too many seats are taken: leave some, or come back later.",
  too_many_calls: "This session has as many calls under way as it may have.",
  too_many_listeners: "There are as many listeners here as there may be: end some first.",
  invalid_session_id: "A session id has 1 to 128 characters.",
  session_exists: "There is a session of that id already.",
  session_ended: "The session has ended: open a new one.",
  aborted: "The caller has gone.",
} as const satisfies Record<string, string>;

export type Fault = keyof typeof FAULTS;

export type Failure = { readonly ok: false; readonly fault: Fault; readonly message: string };

export function failure(fault: Fault): Failure {
  return { ok: false, fault, message: FAULTS[fault] };
}
