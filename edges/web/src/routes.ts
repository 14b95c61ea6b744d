/** Which requests are the page's, among all that come to one port. */
import { type LinkParts, parseLink } from "@ams/client";

/**
 * Where the page's own files are. No namespace begins with an underscore, so no link is hidden by
 * them.
 */
export const ASSETS_PREFIX = "/_tincan/";

/**
 * What control answers itself, to browsers too; the entry port has the same words
 * (deploy/entry/Caddyfile).
 */
const CONTROL_PLANE = /^\/(?:v1|docs|openapi\.json|healthz)(?:\/|$)/;

/** The conversation that a path leads to; null for any path that isn't a link's (§1.1, §1.2). */
export function linkAt(path: string): Pick<LinkParts, "namespace" | "alias"> | null {
  const link = parseLink(path, { isPath: true });
  return link?.baseUrl === "" ? link : null;
}

/**
 * The way from a path up to the deployment's own, without a slash at its end: what is reached by it
 * stays on the page's host.
 */
export function rootOf(path: string): string {
  return [
    ".",
    ...path
      .split("/")
      .slice(2)
      .map(() => ".."),
  ].join("/");
}

/**
 * True for the home page and the page's files; for the magic links, GET and HEAD only; and for a
 * browser that nobody else has a page for: it came by a damaged link, most likely, and would be
 * shown JSON.
 */
export function isPageRequest({ method, headers }: Request, path: string): boolean {
  if (path === "/" || path.startsWith(ASSETS_PREFIX)) return true;
  if (method !== "GET" && method !== "HEAD") return false;
  if (linkAt(path) !== null) return true;
  return (headers.get("accept") ?? "").includes("text/html") && !CONTROL_PLANE.test(path);
}
