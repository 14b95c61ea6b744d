/**
 * The magic link: `<base URL>/<namespace>/conversations/<alias>?t=<link token>` (§1.4).
 * Clients treat it as opaque; `connectUrl` is the one thing that they do with it.
 */
import { type Alias, isAlias, isLinkToken, isNamespace, type Namespace } from "./ids.ts";

export type MagicLink = {
  readonly baseUrl: string;
  readonly namespace: Namespace;
  readonly alias: Alias;
  readonly token: string;
};

const PATH = /^(.*)\/([^/]+)\/conversations\/([^/]+)$/;

export function formatMagicLink(link: MagicLink): string {
  return `${link.baseUrl}/${link.namespace}/conversations/${link.alias}?t=${link.token}`;
}

/** The parts of a magic link, or null when the text isn't one. */
export function parseMagicLink(text: string): MagicLink | null {
  const url = toUrl(text);
  if (url === null) return null;
  const parts = PATH.exec(url.pathname);
  const token = url.searchParams.get("t");
  if (parts === null || token === null || !isLinkToken(token)) return null;
  const [, prefix = "", namespace = "", alias = ""] = parts;
  if (!isNamespace(namespace) || !isAlias(alias)) return null;
  return { baseUrl: url.origin + prefix, namespace, alias, token };
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
