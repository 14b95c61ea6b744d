/** The address at which a caller reaches the deployment, as the links that it is shown carry it (§1.5). */

export type Reached = {
  /** Base URL of links, without a trailing slash; null takes the request's own. */
  readonly publicUrl: string | null;
  /** Whether X-Forwarded-For, -Host and -Proto are believed. */
  readonly trustProxy: boolean;
};

/** A host and a port, and nothing that would read as more of a URL. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** Configured, else forwarded, else the request's own. */
export function baseUrlOf(request: Request, { publicUrl, trustProxy }: Reached): string {
  if (publicUrl !== null) return publicUrl;
  const own = new URL(request.url);
  if (!trustProxy) return own.origin;
  const host = nearest(request, "x-forwarded-host");
  const scheme = nearest(request, "x-forwarded-proto");
  return [
    scheme === "http" || scheme === "https" ? scheme : own.protocol.slice(0, -1),
    host !== null && HOST.test(host) ? host : own.host,
  ].join("://");
}

/** The address nearest to us: the connection's own, or what the trusted proxy in front says it was. */
export function addressOf(request: Request, own: string, { trustProxy }: Reached): string {
  return (trustProxy ? nearest(request, "x-forwarded-for") : null) ?? own;
}

/** The same link at another base URL: it works on every host name of the deployment. */
export function atBase(magicLink: string, baseUrl: string): string {
  const { pathname, search } = new URL(magicLink);
  const path = pathname.split("/").slice(-3).join("/");
  return `${baseUrl}/${path}${search}`;
}

/** Of several hops the nearest: what the proxy that is trusted has set itself. */
function nearest(request: Request, header: string): string | null {
  return request.headers.get(header)?.split(",").at(-1)?.trim() || null;
}
