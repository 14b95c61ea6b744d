/** Refusals, in the one shape that the control plane has too (§2.1). */
import { AmsError } from "@ams/client";

export const PROBLEMS = {
  invalid_cursor: [400, "The cursor is not one of this conversation, or there is none or more."],
  invalid_limit: [400, "limit is 1 to 1000, wait_ms 0 to 25000, max_s 1 to 86400."],
  invalid_message: [400, "The body is text in UTF-8, and not empty."],
  invalid_stream_name: [400, "The stream's name in the path is none."],
  invalid_credential: [401, "The credential is not one of a live account."],
  invalid_token: [403, "The link token is missing, wrong, expired or revoked."],
  not_found: [404, "There is nothing at this address."],
  no_replay: [404, "This conversation keeps nothing: mint it with replay."],
  stream_not_found: [404, "Nothing is kept of a stream of this name."],
  method_not_allowed: [405, "This address does not take that method."],
  stream_live: [409, "The stream is live elsewhere: write under another name."],
  gone: [410, "What was at this offset is no longer kept: begin again with -1."],
  body_too_large: [413, "A message is at most 1 MiB."],
  rate_limited: [429, "Too many of these: come back later."],
  too_many_readers: [503, "This process has as many readers as it may: come back later."],
  too_many_conversations: [503, "This process reads as many conversations as it may."],
  unavailable: [503, "The deployment can't be reached: try again."],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** What a handler throws to refuse. */
export class Refusal extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode) {
    super(code);
    this.code = code;
  }
}

export const HEADERS = {
  // The address holds the link's token.
  "cache-control": "private, no-store, no-cache",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "cross-origin",
  "access-control-allow-origin": "*",
  "access-control-expose-headers":
    "Stream-Next-Offset, Stream-Up-To-Date, Stream-Closed, Stream-Cursor, Stream-Epoch, Stream-Gap, ETag",
};

/** For a page of another origin that sends headers of its own. */
export const PREFLIGHT = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, POST",
  "access-control-allow-headers":
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID",
  "access-control-max-age": "86400",
};

export function problem(code: ProblemCode, headers: Readonly<Record<string, string>> = {}) {
  const [status, message] = PROBLEMS[code];
  const later = status === 503 || status === 429 ? { "retry-after": "1" } : {};
  return Response.json(
    { error: code, message },
    { status, headers: { ...HEADERS, ...later, ...headers } },
  );
}

const CODES: Readonly<Partial<Record<string, ProblemCode>>> = {
  invalid_token: "invalid_token",
  invalid_magic_link: "invalid_token",
  link_revoked: "invalid_token",
  missing_credential: "invalid_token",
  invalid_link: "invalid_token",
  not_found: "not_found",
  conversation_not_found: "not_found",
  conversation_closed: "not_found",
  invalid_cursor: "invalid_cursor",
  no_replay: "no_replay",
  invalid_credential: "invalid_credential",
  invalid_stream_name: "invalid_stream_name",
  stream_name_conflict: "stream_live",
  stream_displaced: "stream_live",
  rate_limited: "rate_limited",
  account_concurrency_limit: "rate_limited",
  conversation_subscriber_limit: "rate_limited",
};

/** What a failure means for whoever asked. */
export function codeOf(error: unknown): ProblemCode {
  if (error instanceof Refusal) return error.code;
  return (error instanceof AmsError ? CODES[error.code] : undefined) ?? "unavailable";
}
