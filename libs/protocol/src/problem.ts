/**
 * Why an HTTP request was refused: `{"error": "<code>", "message": "<sentence>"}` with the status
 * of its row (§2.1). A new code doesn't compile until it has a status and a sentence.
 */

export type Problem = { readonly status: number; readonly message: string };

export const PROBLEMS = {
  malformed_request: {
    status: 400,
    message: "The request says twice, or in doubtful ways, how long it is or for whom.",
  },
  invalid_json: {
    status: 400,
    message: "The body is not a JSON object in UTF-8 of at most 65,536 JSON tokens and 128 levels.",
  },
  invalid_namespace: {
    status: 400,
    message:
      "A namespace is 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit, and not reserved.",
  },
  invalid_alias: {
    status: 400,
    message: "An alias is 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit.",
  },
  invalid_stream_name: {
    status: 400,
    message:
      "A stream name is 1 to 63 of A-Z, a-z, 0-9, dot, _ and -, beginning with a letter or digit.",
  },
  unsupported_id_kind: { status: 400, message: 'The id_kind is "ulid" or "jcs-sha256".' },
  invalid_metadata: { status: 400, message: "Metadata is a JSON object of at most 16 KiB." },
  invalid_stream_metadata: {
    status: 400,
    message: "Stream metadata is a JSON object of at most 16 KiB.",
  },
  invalid_expiry: {
    status: 400,
    message: "expires_in_s is a whole number of seconds from 1 to 31536000.",
  },
  invalid_max_joins: { status: 400, message: "max_joins is a whole number from 1 to 100000." },
  invalid_canonical_input: {
    status: 400,
    message:
      "canonical_input is needed with jcs-sha256 and only there; it has at most 16,384 JSON tokens, its numbers must fit a double and its strings must be well-formed.",
  },
  invalid_replay: {
    status: 400,
    message:
      "replay is {ttl_s, max_bytes}, whole numbers of at least 1 second and 1024 bytes and within the limits of GET /v1, or this deployment does not offer it.",
  },
  invalid_cursor: { status: 400, message: "The cursor is not one that this listing gave." },
  invalid_limit: { status: 400, message: "The limit is a whole number from 1 to 1000." },
  invalid_grace: {
    status: 400,
    message: "grace_s is a whole number of seconds from 0 to 604800.",
  },
  invalid_link_name: {
    status: 400,
    message: "The name of a link is 1 to 64 characters without control characters.",
  },
  invalid_read_only: { status: 400, message: "read_only is true or false." },
  invalid_keep_connected: { status: 400, message: "keep_connected is true or false." },
  invalid_key_name: {
    status: 400,
    message: "The name of a key is 1 to 64 characters without control characters.",
  },
  invalid_scopes: {
    status: 400,
    message: 'scopes is a list of one or more of "full", "mint", "join" and "read".',
  },
  invalid_request: {
    status: 400,
    message: "A member or parameter of the request is not what this address takes.",
  },
  missing_credential: {
    status: 401,
    message: "This needs an Authorization header: Bearer ams_sk_…",
  },
  invalid_credential: { status: 401, message: "The credential is not one of a live account." },
  insufficient_scope: {
    status: 403,
    message: "This key may not do that: its scopes are in GET /v1/account.",
  },
  invalid_webhook: {
    status: 400,
    message:
      "A webhook has an https url that leads outside, and types: one or more of the known types.",
  },
  webhook_limit: { status: 403, message: "The account has 10 webhooks: remove one." },
  account_suspended: {
    status: 403,
    message: "The operator of this deployment has suspended the account: ask them why.",
  },
  key_limit: {
    status: 403,
    message: "The account has 50 keys: revoke one.",
  },
  namespace_mismatch: { status: 403, message: "The credential belongs to another namespace." },
  host_not_allowed: {
    status: 403,
    message:
      "This address does not answer to that host name: use localhost or 127.0.0.1, or name the host in AMS_PUBLIC_URL or AMS_ALLOWED_HOSTS.",
  },
  conversation_limit: {
    status: 403,
    message:
      "The account has as many conversations as it may: delete one, or let one expire (AMS_CONVERSATIONS_PER_ACCOUNT).",
  },
  link_limit: {
    status: 403,
    message: "The conversation has 32 live links: revoke one, or replace all of them.",
  },
  signup_closed: { status: 403, message: "This deployment does not take new accounts." },
  invalid_invite: { status: 403, message: "The invite code is not right." },
  invalid_token: {
    status: 403,
    message: "The link token is wrong, expired or revoked, or the account has no part here.",
  },
  not_found: { status: 404, message: "There is nothing at this address." },
  method_not_allowed: { status: 405, message: "This address does not take that method." },
  namespace_taken: { status: 409, message: "The namespace is taken." },
  alias_taken: { status: 409, message: "The alias is taken in this namespace." },
  body_too_large: {
    status: 413,
    message: "The body is larger than 1 MiB, or than 16 KiB to create an account.",
  },
  upgrade_required: {
    status: 426,
    message: "This address is a WebSocket: connect with an upgrade.",
  },
  rate_limited: {
    status: 429,
    message: "Too many of these: come back after the time in Retry-After.",
  },
  internal_error: { status: 500, message: "Something went wrong here; it is not your request." },
  unavailable: { status: 503, message: "The directory can't be reached: try again." },
} as const satisfies Record<string, Problem>;

export type ProblemCode = keyof typeof PROBLEMS;
