/** The paths of the page: its own files, and the links that it answers. */
import { type LinkParts, parseLink } from "@ams/client";

/**
 * Where the page's own files are. No namespace begins with an underscore, so no link is hidden by
 * them.
 */
export const ASSETS_PREFIX = "/_tincan/";

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
