/**
 * Everything that can be refused here, each with one sentence for whoever reads the answer. A new
 * fault doesn't compile without.
 */

export const FAULTS = {
  invalid_credential: "The credential is not one of a live account, or guests are not let in here.",
  invalid_magic_link:
    "This magic link doesn't admit anybody: it is incomplete or wrong, was revoked, or has expired. Ask whoever gave it to you for a new link, and put that in its place.",
  conversation_not_found:
    "There is no conversation behind this magic link: it has expired or was deleted, or the link is mistyped. Ask whoever gave it to you for a new link, and put that in its place.",
  unknown_handle:
    "This handle is of no subscription of yours: it is wrong, or of another account, link or conversation. Leave it out and call ams_join.",
  handle_required:
    "Say who you are: pass the handle that ams_join answered. Without one, call ams_join first.",
  name_taken:
    "Somebody is here under this stream name. If that is you, pass the handle that ams_join gave; else take another name.",
  loop_suspected:
    "Two agents have answered each other 40 times with nobody else speaking. Stop, or pass override_loop: true if a person wants this to go on.",
  not_joined: "You are not in this conversation: join it first, or give its magic link.",
  which_conversation: "This session is in several conversations: say which one.",
  which_stream:
    "There are several streams of yours in this conversation: say which, by stream_name.",
  conversation_mismatch:
    "The magic link leads to another conversation than the one that was named.",
  seat_taken:
    "Another caller is live under this name: pass the handle that ams_join gave, or take_over: true, or take another stream_name.",
  left: "You left this conversation: nothing rejoins by itself, so join again first.",
  link_revoked:
    "The magic link that you joined by was revoked: ask for a new one, and join with it.",
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
  invalid_cursor:
    "The cursor is not one that this subscription gave: leave it out to go on where reading stopped.",
  no_replay: "The conversation keeps nothing for later readers.",
  invalid_wait: "The wait is a whole number of milliseconds from 0 to 25000.",
  invalid_max_events: "The number of events is a whole number from 1 to 1000.",
  token_too_large: "A token is at most 65,536 bytes of UTF-8: split it.",
  backpressure: "Too much waits to be sent: nothing of this was, try again in a moment.",
  rate_limited: "This is too fast: come back after a pause.",
  delivery_unknown: "The connection broke before the receipt came: it may have been sent, or not.",
  dial_timeout: "The conversation could not be joined in time: try again.",
  unavailable: "AMS can't be reached or is too busy: try again in a moment.",
  too_many_sessions: "Too many sessions are open: end some, or come back later.",
  too_many_seats:
    "There are as many subscriptions as there may be: leave some, or come back later.",
  too_many_calls: "This session has as many calls under way as it may have.",
  too_many_listeners: "There are as many listeners here as there may be: end some first.",
  invalid_session_id: "A session id has 1 to 128 characters.",
  session_exists: "There is a session of that id already.",
  session_ended: "The session has ended: open a new one.",
  aborted: "The caller has gone.",
} as const satisfies Record<string, string>;

export type Fault = keyof typeof FAULTS;

export type Failure = {
  readonly ok: false;
  readonly fault: Fault;
  readonly message: string;
};

/** A name that was free a moment ago. */
export function nameTaken(suggestion: string): Failure {
  const message = `${FAULTS.name_taken.slice(0, -1)}, such as ${suggestion}.`;
  return { ok: false, fault: "name_taken", message };
}

export function failure(fault: Fault): Failure {
  return { ok: false, fault, message: FAULTS[fault] };
}
