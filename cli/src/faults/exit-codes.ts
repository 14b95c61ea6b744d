/**
 * With which status `ams` ends. Every code of an `AmsError` and every fault of the command line
 * itself has one row; a new one doesn't compile until it has. `ams help exit-codes` and README.md
 * give the same from `EXIT_CODES`.
 */
import type { AmsErrorCode } from "@ams/client";
import type { CliFault } from "./fault.ts";

/**
 * What each status means, for people. 2 is what shells use for a wrong command line, 128 + n what
 * they show for signal n.
 */
export const EXIT_CODES = {
  ok: { status: 0, meaning: "It did what was asked." },
  internal: {
    status: 1,
    meaning: "A fault of ams itself, or of the deployment, that you can't repair.",
  },
  usage: { status: 2, meaning: "The command line, or a value in it, is wrong; nothing was done." },
  refused: {
    status: 3,
    meaning:
      "No: the credential is missing or wrong, it isn't yours to do, the name is taken, or you said no.",
  },
  link: {
    status: 4,
    meaning: "The link is damaged, wrong, expired or revoked, or its conversation is gone.",
  },
  unreachable: {
    status: 5,
    meaning: "Nothing answers there, or not AMS, or a WebSocket doesn't get through.",
  },
  limit: {
    status: 6,
    meaning: "A limit: too many, too large or too fast, or the conversation is full.",
  },
  lost: {
    status: 7,
    meaning: "The connection ended, or tokens were lost, before all was done.",
  },
  local: {
    status: 8,
    meaning:
      "Something on this machine: the config folder can't be used, stdin is not text, its clock is wrong.",
  },
  unmet: { status: 9, meaning: "An assertion of `ams load --assert` doesn't hold." },
  interrupted: { status: 130, meaning: "Ctrl-C; it left the conversation in good order." },
  terminated: { status: 143, meaning: "SIGTERM or SIGHUP; likewise." },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>;

export type Exit = keyof typeof EXIT_CODES;

/** Why it failed -> how it ends. */
export const EXIT_OF = {
  // What the SDK finds.
  aborted: "interrupted",
  backpressure: "limit",
  closed: "lost",
  connection_lost: "lost",
  delivery_unknown: "lost",
  invalid_argument: "usage",
  invalid_link: "link",
  not_ams: "unreachable",
  refused: "refused",
  slow_consumer: "limit",
  source_failed: "local",
  timeout: "unreachable",
  token_too_large: "limit",
  tokens_lost: "lost",
  unexpected_answer: "internal",
  unreachable: "unreachable",
  websocket_blocked: "unreachable",
  // Why the wire refuses, or ends a connection (§6.1).
  invalid_magic_link: "link",
  link_revoked: "link",
  stream_displaced: "lost",
  invalid_credential: "refused",
  insufficient_scope: "refused",
  account_suspended: "refused",
  account_concurrency_limit: "limit",
  conversation_limit: "limit",
  conversation_subscriber_limit: "limit",
  stream_name_conflict: "refused",
  conversation_not_found: "link",
  conversation_closed: "link",
  subscriber_backpressure: "limit",
  rate_limited: "limit",
  malformed_frame: "internal",
  unknown_frame_type: "internal",
  invalid_stream_name_header: "usage",
  invalid_stream_metadata_header: "usage",
  invalid_peer_identity_header: "usage",
  invalid_subscribe_streams_header: "usage",
  read_only_link: "refused",
  host_not_allowed: "usage",
  internal_error: "internal",
  draining: "unreachable",
  // Why the control plane refuses (§9.2).
  malformed_request: "internal",
  invalid_json: "internal",
  invalid_namespace: "usage",
  invalid_alias: "usage",
  invalid_stream_name: "usage",
  unsupported_id_kind: "usage",
  invalid_metadata: "usage",
  invalid_stream_metadata: "usage",
  invalid_expiry: "usage",
  invalid_max_joins: "usage",
  invalid_canonical_input: "usage",
  invalid_replay: "usage",
  invalid_cursor: "usage",
  no_replay: "refused",
  invalid_limit: "usage",
  invalid_grace: "usage",
  invalid_link_name: "usage",
  invalid_read_only: "usage",
  invalid_keep_connected: "usage",
  invalid_key_name: "usage",
  invalid_request: "usage",
  invalid_scopes: "usage",
  missing_credential: "refused",
  namespace_mismatch: "refused",
  link_limit: "limit",
  invalid_webhook: "usage",
  webhook_limit: "limit",
  key_limit: "limit",
  signup_closed: "refused",
  invalid_invite: "refused",
  invalid_token: "link",
  not_found: "link",
  method_not_allowed: "internal",
  namespace_taken: "refused",
  alias_taken: "refused",
  body_too_large: "limit",
  upgrade_required: "internal",
  unavailable: "unreachable",
  // What the command line finds.
  bad_usage: "usage",
  no_account: "refused",
  profile_taken: "refused",
  name_taken: "refused",
  declined: "refused",
  config_unusable: "local",
  not_text: "local",
  file_unusable: "local",
  not_offered: "refused",
  not_in_a_clone: "local",
  not_built: "local",
  unhealthy: "internal",
  clock_skew: "local",
  machine_limit: "limit",
  internal: "internal",
} as const satisfies Record<AmsErrorCode | CliFault, Exit>;

/** Whether a text from elsewhere is a code that this version knows. */
export function isErrorCode(code: string): code is keyof typeof EXIT_OF {
  return Object.hasOwn(EXIT_OF, code);
}

export function exitStatusOf(code: AmsErrorCode | CliFault): number {
  return EXIT_CODES[EXIT_OF[code]].status;
}
