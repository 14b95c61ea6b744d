/**
 * The one address of a cluster, as a load balancer gives it: paths that end in /connect go to the
 * gateways, one after the other, those of an edge that has processes to these, by the route table,
 * everything else to control. X-Forwarded-* headers say who asked, and under which address.
 */
import {
  request as ask,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { repositoryRoot } from "../repository-root.ts";

/** Bytes of headers that pass: more than the gateways accept, so that the refusal is theirs. */
const HEADER_BYTES_MAX = 131_072;

/**
 * Milliseconds for which an idle connection is kept: longer than a client that stalls, which else
 * finds it just closed.
 */
const KEEP_ALIVE_MS = 75_000;

/** Headers that speak of one hop only. */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "te", "upgrade"];

export type Backends = {
  /** Ports of the live gateways. */
  readonly gateways: () => readonly number[];
  readonly control: number;
  /** Ports of the live processes of each edge. */
  readonly edges?: Readonly<Record<string, () => readonly number[]>>;
};

/** As much of a request as a route has conditions for. */
type Asked = {
  readonly method: string;
  readonly headers: { readonly get: (name: string) => string | null };
};
type Route = { readonly service: string };

export type EntryPort = { readonly port: number; readonly close: () => Promise<void> };

export async function openEntryPort(backends: Backends, port = 0): Promise<EntryPort> {
  const { edges = {} } = backends;
  const serviceOf = await readRoutes(edges);
  let turn = 0;
  // All live ones, another one first each time: the rest are asked when the first has just died.
  const inTurn = (live: readonly number[]) => {
    turn += 1;
    return live.map((_, index) => live[(index + turn) % live.length] ?? 0);
  };
  const portsFor = (request: IncomingMessage) => {
    const live = edges[serviceOf(request)]?.() ?? [];
    if (live.length > 0) return inTurn(live);
    return isConnect(request) ? inTurn(backends.gateways()) : [backends.control];
  };
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => {
    sockets.add(socket.once("close", () => sockets.delete(socket)));
    // A client may reset its connection at any moment, also while nobody else listens to it
    // (between its request to upgrade and the gateway's answer, say). It closes by itself; without
    // a listener it would end the process.
    socket.on("error", () => undefined);
  });
  server.on("request", (request, response) => {
    forward(request, response, portsFor(request)[0] ?? 0);
  });
  server.on("upgrade", (request, socket, head) => {
    splice(request, socket, head, portsFor(request));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/**
 * The service of a request, by the route table as it is built. As in a standalone, routes of an
 * edge that has no process are left out.
 */
async function readRoutes(
  edges: NonNullable<Backends["edges"]>,
): Promise<(request: IncomingMessage) => string> {
  if (Object.keys(edges).length === 0) return () => "control";
  const built = join(repositoryRoot(), "services", "standalone", "dist");
  const { ROUTES }: { ROUTES: readonly Route[] } = await import(join(built, "routes.js"));
  const match: { isMatch: (route: Route, asked: Asked, path: string) => boolean } = await import(
    join(built, "route-match.js")
  );
  const isHere = ({ service }: Route) =>
    service === "gateway" || service === "control" || (edges[service]?.().length ?? 0) > 0;
  return ({ method = "GET", url = "/", headers }) => {
    const get = (name: string) => headers[name.toLowerCase()]?.toString() ?? null;
    const path = url.split("?")[0] ?? "/";
    const asked = { method, headers: { get } };
    const found = ROUTES.find((route) => isHere(route) && match.isMatch(route, asked, path));
    return found?.service ?? "control";
  };
}

function isConnect(request: IncomingMessage): boolean {
  return (request.url ?? "/").split("?")[0]?.endsWith("/connect") ?? false;
}

function forward(request: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url } = request;
  const headers: IncomingHttpHeaders = { ...request.headers, ...forwarded(request) };
  for (const name of HOP_BY_HOP) delete headers[name];
  const onward = ask({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    const answered: IncomingHttpHeaders = { ...answer.headers };
    for (const name of HOP_BY_HOP) delete answered[name];
    response.writeHead(answer.statusCode ?? 502, answered);
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  onward.once("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  response.once("close", () => onward.destroy()).on("error", () => onward.destroy());
  // An answer may come before the whole request was read: the rest is let pass, or the client's
  // connection is reset.
  response.once("finish", () => request.unpipe(onward).resume());
  request.pipe(onward);
}

/**
 * Opens a raw connection to the first of these ports that takes one, and ties the two together. A
 * client that goes meanwhile takes the attempt with it.
 */
function splice(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  [port, ...others]: readonly number[],
): void {
  if (client.destroyed) return;
  if (port === undefined) {
    client.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return;
  }
  const server = connect({ port, host: "127.0.0.1", noDelay: true });
  const gone = () => server.destroy();
  const refused = () => {
    client.off("close", gone);
    splice(request, client, head, others);
  };
  client.once("close", gone);
  server.once("error", refused);
  server.once("connect", () => {
    server.off("error", refused);
    server.write(requestHead(request));
    server.write(head);
    tie(client, server);
  });
}

/** What comes from one goes to the other, and neither outlives the other. */
function tie(client: Duplex, server: Socket): void {
  if ("setNoDelay" in client && typeof client.setNoDelay === "function") client.setNoDelay(true);
  client.on("error", () => server.destroy());
  server.on("error", () => client.destroy()).on("close", () => client.destroy());
  client.pipe(server);
  server.pipe(client);
}

/** The request's first line and headers as they came, and the forwarded ones. */
function requestHead(request: IncomingMessage): string {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  }
  for (const [name, value] of Object.entries(forwarded(request))) lines.push(`${name}: ${value}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function forwarded(request: IncomingMessage): Record<string, string> {
  return {
    "x-forwarded-for": request.socket.remoteAddress ?? "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-forwarded-host": request.headers.host ?? "127.0.0.1",
  };
}
