/** Which of the edge's two addresses a request is for: `/mcp`, bound to nothing, or a magic link, bound to its conversation. */

/** Where a magic link's path leads: its namespace, then its alias. */
const LINK_PATH = /^\/([a-z0-9][a-z0-9-]{0,62})\/conversations\/([a-z0-9][a-z0-9-]{0,62})$/;

/** The one reserved word under which the control plane has paths of a link's shape (§2). */
const CONTROL_PREFIX = "v1";

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

/** Whether a request to the deployment is one to the edge: a browser's GET of a magic link is a page's. */
export function isMcpRequest({ method, headers }: Request, path: string): boolean {
  if (path === "/mcp") return true;
  if (!isLinkPath(path)) return false;
  if (method !== "GET") return method !== "HEAD";
  return (
    headers.has("mcp-session-id") ||
    headers.has("mcp-protocol-version") ||
    (headers.get("accept") ?? "").includes("text/event-stream")
  );
}

function isLinkPath(path: string): boolean {
  const namespace = LINK_PATH.exec(path)?.[1];
  return namespace !== undefined && namespace !== CONTROL_PREFIX;
}
