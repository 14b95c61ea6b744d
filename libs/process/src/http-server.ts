/** A fetch handler on a TCP port. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { HOST_REFUSAL, type HostNames, type HostRule, hostRuleOf } from "./hosts.ts";
import type { Meter } from "./meter.ts";

/** Bytes of request line and headers: a link, a credential and what browsers send fit well. */
const HEADER_BYTES_MAX = 32_768;
/**
 * Milliseconds in which a request's headers must have come: no client needs them, slow-loris does.
 */
const HEADERS_MS = 10_000;
/** Milliseconds in which a whole request must have come: 1 MiB over a slow phone takes less. */
const REQUEST_MS = 60_000;
/**
 * Milliseconds for which an idle connection is kept: longer than proxies keep theirs, so that they
 * close first.
 */
const KEEP_ALIVE_MS = 75_000;
/** Milliseconds between two looks for idle connections of a closing port. */
const CLOSE_IDLE_MS = 20;

/** The answer to CONNECT. */
const NO_TUNNEL =
  "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, POST, DELETE, OPTIONS\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** The answer to an upgrade for a host that isn't ours. */
const NO_UPGRADE = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** Who sent a request, as the server below saw it. */
export type PeerAddress = {
  /** The IP address at the other end of the connection. Never logged, never stored in clear. */
  readonly address: string;
  /** What its request costs, where somebody counts. */
  readonly meter?: Meter;
};

/** What answers requests: an app of any service, with no socket of its own. */
export type HttpApp = {
  readonly fetch: (request: Request, peer: PeerAddress) => Promise<Response>;
};

export type HttpServer = {
  readonly port: number;
  /** Takes no more connections, and ends when the requests under way have been answered. */
  readonly close: () => Promise<void>;
};

/** What bounds a request that comes slowly, or never. */
export const LIMITS = {
  maxHeaderSize: HEADER_BYTES_MAX,
  headersTimeout: HEADERS_MS,
  requestTimeout: REQUEST_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
} as const;

/** The app as a server takes it. */
export function listenerOf(app: HttpApp, unreadable: () => Response) {
  return getRequestListener(
    (request, { incoming }) => app.fetch(request, { address: incoming.socket.remoteAddress ?? "" }),
    { errorHandler: unreadable, overrideGlobalObjects: false },
  );
}

/** Takes an upgrade whose host was accepted. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Listens; rejects when it can't. `unreadable` answers a request whose address or Host can't even
 * be parsed.
 */
export async function openHttpServer(
  at: { readonly host: string; readonly port: number; readonly names: HostNames },
  app: HttpApp,
  unreadable: () => Response,
  upgrade: Upgrade | null = null,
): Promise<HttpServer> {
  const listener = listenerOf(app, unreadable);
  const accepts = hostRuleOf(at.host, at.names);
  const server = createServer(LIMITS, (request, response) => {
    if (refuseHead(request, response, accepts)) return;
    // The listener answers its own faults; it has nothing to say by rejecting.
    void listener(request, response);
  });
  if (upgrade !== null) {
    server.on("upgrade", (request, socket, head) => {
      const hosts = request.rawHeaders.filter((_, index, all) => isHostName(all, index - 1));
      if (hosts.length === 1 && accepts(hosts[0] ?? null)) upgrade(request, socket, head);
      else socket.end(NO_UPGRADE);
    });
  }
  // Nothing here is a tunnel; without a listener the connection is closed without an answer.
  server.on("connect", (_request, socket) => socket.end(NO_TUNNEL));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(at.port, at.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : at.port,
    close: () =>
      new Promise((resolve) => {
        // A connection whose last answer ended after the close is idle only then.
        const closing = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
        server.close(() => {
          clearInterval(closing);
          resolve();
        });
      }),
  };
}

/**
 * Answers a request whose host isn't ours (§2.1.7), or is said twice (§2.1.8); false for any other.
 */
export function refuseHead(
  request: IncomingMessage,
  response: ServerResponse,
  accepts: HostRule,
): boolean {
  const hosts = request.rawHeaders.filter((_, index, all) => isHostName(all, index - 1));
  if (hosts.length > 1) {
    response.writeHead(400, { connection: "close", "content-length": 0 }).end();
    return true;
  }
  const isAccepted =
    accepts(hosts[0] ?? null) && accepts(targetHostOf(request) ?? hosts[0] ?? null);
  if (isAccepted) return false;
  const { status, error, message } = HOST_REFUSAL;
  const body = JSON.stringify({ error, message });
  response
    .writeHead(status, { "content-type": "application/json", "content-length": body.length })
    .end(request.method === "HEAD" ? undefined : body);
  return true;
}

/** Whether the raw header at this index is the name `Host`; names and values take turns. */
function isHostName(raw: readonly string[], index: number): boolean {
  return index % 2 === 0 && raw[index]?.toLowerCase() === "host";
}

/**
 * The host of a target in absolute form, which beats the header (RFC 9112 §3.2.2); null where the
 * target has none.
 */
function targetHostOf({ url = "/" }: IncomingMessage): string | null {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? null;
}
