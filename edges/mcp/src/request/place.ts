/**
 * Which of the edge's two addresses a request is for: `/mcp`, bound to nothing, or a magic link,
 * bound to its conversation.
 */
import { parseLink } from "@ams/client";

export type Place =
  | { readonly kind: "open" }
  /** `magicLink` is the link as it was called; null when its token is missing. It is a secret. */
  | { readonly kind: "link"; readonly magicLink: string | null };

/** Null when there is nothing of the edge at this address. */
export function placeOf(url: URL): Place | null {
  if (url.pathname === "/mcp") return { kind: "open" };
  if (!isLinkPath(url.pathname)) return null;
  return { kind: "link", magicLink: url.searchParams.get("t") ? url.href : null };
}

/** What the names in it may be, and which are none, is the protocol's (§1.1, §1.2). */
function isLinkPath(path: string): boolean {
  return parseLink(path, { isPath: true })?.baseUrl === "";
}
