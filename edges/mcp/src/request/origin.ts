/**
 * Which web pages may speak with the edge, and what their browsers are answered. Programs send no
 * Origin and pass.
 */
import { refuse } from "./refusal.ts";

/** Headers that a browser's client may send; those of both protocol eras. */
const ALLOWED_HEADERS = [
  "authorization",
  "content-type",
  "accept",
  "mcp-session-id",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "last-event-id",
].join(", ");

/** Seconds for which a browser remembers a preflight: the longest that all of them take. */
const PREFLIGHT_S = 7_200;

/** 127.0.0.0/8, ::1 and localhost, as a URL's host name shows them. */
const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export type OriginRules = {
  /** The deployment's base URL; null takes the request's own host for it. */
  readonly publicUrl: string | null;
  /** Origins that the operator lists, such as `https://inspector.example`. */
  readonly allowed: readonly string[];
};

/** Null when the page may speak, else the refusal. */
export function refuseOrigin(request: Request, rules: OriginRules): Response | null {
  const origin = request.headers.get("origin");
  if (origin === null || isAllowed(origin, new URL(request.url), rules)) return null;
  return refuse(403, "origin_not_allowed", "Pages of this origin may not speak with this address.");
}

function isAllowed(origin: string, own: URL, { publicUrl, allowed }: OriginRules): boolean {
  if (!URL.canParse(origin)) return false;
  const asked = new URL(origin);
  if (LOOPBACK.test(asked.hostname) || allowed.includes(asked.origin)) return true;
  // A proxy may have ended TLS: the scheme that arrives here is not always the page's.
  return asked.host === (publicUrl === null ? own.host : new URL(publicUrl).host);
}

export function answerPreflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      allow: "GET, POST, DELETE, OPTIONS",
      "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
      "access-control-allow-headers": ALLOWED_HEADERS,
      "access-control-max-age": String(PREFLIGHT_S),
    },
  });
}

/** Headers for the browser of a page that passed; answers to programs stay as they are. */
export function withOrigin(request: Request, response: Response): Response {
  const origin = request.headers.get("origin");
  if (origin === null) return response;
  const headers = new Headers(response.headers);
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-expose-headers", "mcp-session-id, www-authenticate");
  headers.append("vary", "origin");
  return new Response(response.body, { status: response.status, headers });
}
