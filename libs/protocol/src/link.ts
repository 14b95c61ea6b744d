/**
 * The magic link: `<base URL>/<namespace>/conversations/<alias>?t=<link token>` (§1.4).
 * Its parser and its builder; a link that somebody gives is read by no other.
 */
import {
  type Alias,
  isAlias,
  isLinkToken,
  isNamespace,
  isSignedToken,
  type Namespace,
} from "./ids.ts";

export type MagicLink = {
  readonly baseUrl: string;
  readonly namespace: Namespace;
  readonly alias: Alias;
  readonly token: string;
};

/** Where a link leads, without its token. */
export type LinkAddress = {
  /**
   * The deployment's URL, as `createAccount` and `offer` take it; without a slash at its end.
   * Of a path, only what precedes the namespace.
   */
  readonly baseUrl: string;
  readonly namespace: string;
  readonly alias: string;
};

export type LinkOptions = {
  /** Accepts names that §1.1 doesn't allow, and a slash after the alias. */
  readonly lenient?: boolean;
  /** The text is the path of a request and has no origin. */
  readonly isPath?: boolean;
};

const PATH = /^(.*)\/([^/]+)\/conversations\/([^/]+)(\/?)$/;

export function formatMagicLink(link: MagicLink): string {
  return `${link.baseUrl}/${link.namespace}/conversations/${link.alias}?t=${link.token}`;
}

/** The parts of a magic link, or null when the text isn't one. */
export function parseMagicLink(text: string): MagicLink | null {
  const address = parseLinkAddress(text);
  const token = address && new URL(text).searchParams.get("t");
  return token && isWayIn(token) ? { ...address, token } : null;
}

/** A link token, or a join token in its place (§2.13.5). */
function isWayIn(token: string): boolean {
  return isLinkToken(token) || isSignedToken(token);
}

/** Where a link leads, or null when its URL is not a link's. The token isn't read. */
export function parseLinkAddress(text: string): Omit<MagicLink, "token"> | null;
export function parseLinkAddress(text: string, options?: LinkOptions): LinkAddress | null;
export function parseLinkAddress(
  text: string,
  { lenient, isPath }: LinkOptions = {},
): LinkAddress | null {
  const url = toUrl(isPath ? `http://h${text}` : text);
  const parts = url && PATH.exec(url.pathname);
  if (!parts) return null;
  const [, prefix, namespace = "", alias = "", slash] = parts;
  if (!lenient && (slash || !isNamespace(namespace) || !isAlias(alias))) return null;
  return { baseUrl: (isPath ? "" : url.origin) + prefix, namespace, alias };
}

/**
 * The WebSocket address behind a magic link: `/connect` on its path, its query kept, http changed
 * to ws.
 */
export function connectUrl(magicLink: string): string | null {
  const url = toUrl(magicLink);
  if (url === null) return null;
  url.pathname = `${url.pathname.replace(/\/$/, "")}/connect`;
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = ""; // A WebSocket address may not have one.
  return url.href;
}

function toUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "http:" || url.protocol === "https:" ? url : null;
}
