/** A fetch handler on a TCP port. */
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";

/** Bytes of request line and headers: a link, a credential and what browsers send fit well. */
const HEADER_BYTES_MAX = 32_768;
/** Milliseconds in which a request's headers must have come: no client needs them, slow-loris does. */
const HEADERS_MS = 10_000;
/** Milliseconds in which a whole request must have come: 1 MiB over a slow phone takes less. */
const REQUEST_MS = 60_000;
/** Milliseconds for which an idle connection is kept: longer than proxies keep theirs, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
/** Milliseconds between two looks for idle connections of a closing port. */
const CLOSE_IDLE_MS = 20;

/** Who sent a request, as the server below saw it. */
export type PeerAddress = {
  /** The IP address at the other end of the connection. Never logged, never stored in clear. */
  readonly address: string;
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

/** Listens; rejects when it can't. `unreadable` answers a request whose address or Host can't even be parsed. */
export async function openHttpServer(
  at: { readonly host: string; readonly port: number },
  app: HttpApp,
  unreadable: () => Response,
): Promise<HttpServer> {
  const listener = getRequestListener(
    (request, { incoming }) => app.fetch(request, { address: incoming.socket.remoteAddress ?? "" }),
    { errorHandler: unreadable, overrideGlobalObjects: false },
  );
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    // The listener answers its own faults; it has nothing to say by rejecting.
    (request, response) => void listener(request, response),
  );
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
