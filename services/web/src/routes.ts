/** Which requests are the page's, among all that come to one port. */

/** Where the page's own files are. No namespace begins with an underscore, so no link is hidden by them. */
export const ASSETS_PREFIX = "/_tincan/";

/** A magic link without its token: the path of a conversation, as §1.1 says what its names may be. */
export const LINK_PATH = /^\/([a-z0-9][a-z0-9-]{0,62})\/conversations\/([a-z0-9][a-z0-9-]{0,62})$/;

/** The first segment that is never a namespace: the control plane has it (§1.2). */
const CONTROL_PLANE = "v1";

/** True for the home page, the page's files, and the magic links: GET and HEAD only. */
export function isPageRequest(method: string, path: string): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  return path === "/" || path.startsWith(ASSETS_PREFIX) || isLinkPath(path);
}

function isLinkPath(path: string): boolean {
  const [, namespace] = LINK_PATH.exec(path) ?? [];
  return namespace !== undefined && namespace !== CONTROL_PLANE;
}
