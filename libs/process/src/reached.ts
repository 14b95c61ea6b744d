/**
 * Where a request came from and which address it was sent to: the connection's own, or what a
 * trusted proxy in front says.
 */

export type Reached = {
  /**
   * Base URL at which the deployment is reached, without a trailing slash; null takes the request's
   * own.
   */
  readonly publicUrl: string | null;
  /** Whether X-Forwarded-For, -Host and -Proto are believed. */
  readonly trustProxy: boolean;
};

const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/**
 * True for a host name or address, perhaps with a port: what may be in a link, and nothing that
 * would read as a path.
 */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

/**
 * The scheme, host and port at which the deployment is reached: configured, else forwarded, else
 * the request's own.
 */
export function baseUrlOf(request: Request, { publicUrl, trustProxy }: Reached): string {
  if (publicUrl !== null) return publicUrl;
  const own = new URL(request.url);
  if (!trustProxy) return own.origin;
  const host = nearest(request, "x-forwarded-host");
  const scheme = nearest(request, "x-forwarded-proto");
  return [
    scheme === "http" || scheme === "https" ? scheme : own.protocol.slice(0, -1),
    host !== null && isHost(host) ? host : own.host,
  ].join("://");
}

/**
 * The address nearest to us: the connection's own, or what the trusted proxy in front says it was.
 */
export function addressOf(request: Request, own: string, { trustProxy }: Reached): string {
  return (trustProxy ? nearest(request, "x-forwarded-for") : null) ?? own;
}

/** Of several hops the nearest: what the proxy that is trusted has set itself. */
function nearest(request: Request, header: string): string | null {
  return request.headers.get(header)?.split(",").at(-1)?.trim() || null;
}

const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** What one person has of addresses: an IPv4 address, or the /64 of an IPv6 address. */
export function networkOf(address: string): string {
  const mapped = IPV4_IN_IPV6.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("%")[0]?.split("::") ?? [];
  const groups = head.split(":").filter((group) => group !== "");
  const behind = tail === undefined ? [] : tail.split(":").filter((group) => group !== "");
  const zeros = Array<string>(Math.max(0, 8 - groups.length - behind.length)).fill("0");
  const all = tail === undefined ? groups : [...groups, ...zeros, ...behind];
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
