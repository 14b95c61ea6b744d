/** Refusals as OAuth writes them (RFC 6749 §5.2): the same for every endpoint but the page's. */

export type OAuthError =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "invalid_scope"
  | "invalid_target"
  | "invalid_client_metadata"
  | "invalid_redirect_uri"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "unsupported_response_type"
  | "access_denied"
  | "temporarily_unavailable"
  | "slow_down";

export type Refused = {
  readonly ok: false;
  readonly error: OAuthError;
  readonly description: string;
};

export function refused(error: OAuthError, description: string): Refused {
  return { ok: false, error, description };
}

const STATUS: Partial<Record<OAuthError, number>> = {
  invalid_client: 401,
  temporarily_unavailable: 503,
  slow_down: 429,
};

/** Pages of any origin may read it: it holds nothing but what its caller sent. */
export const OPEN_HEADERS = {
  "access-control-allow-origin": "*",
  "cache-control": "no-store",
} as const;

export function problem({ error, description }: Refused): Response {
  const body = { error, error_description: description };
  return Response.json(body, { status: STATUS[error] ?? 400, headers: OPEN_HEADERS });
}
