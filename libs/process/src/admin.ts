/**
 * The operator's port: `/healthz`, `/livez`, `/readyz` and `/metrics`. It is separate from the
 * public port, so that neither load there nor a stranger reaches it.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Registry } from "prom-client";
import { adminHostRuleOf, type HostNames } from "./hosts.ts";
import { type HttpApp, LIMITS, listenerOf, refuseHead } from "./http-server.ts";

/** Nothing here is changed by a request. */
const ALLOWED: readonly string[] = ["GET", "HEAD"];

export type Health = {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The configured instance name. */
  readonly instance: string;
  /** Null when the service may be sent traffic, else a word for what it waits for. */
  readonly notReady: () => string | null;
};

/** The body of `/healthz`, on the public and the admin port alike (§2.9). */
export function healthBody(health: Health): { ok: true; host: string; ts: string } {
  return { ok: true, host: health.instance, ts: new Date(health.now()).toISOString() };
}

/** What else a process serves to its operators on this port: all paths that begin so. */
export type MoreOnAdminPort = { readonly under: string; readonly app: HttpApp };

function unreadable(): Response {
  return new Response(null, { status: 400 });
}

export type AdminPort = { readonly port: number; readonly close: () => Promise<void> };

export async function openAdminPort(
  at: { readonly host: string; readonly port: number; readonly names: HostNames },
  health: Health,
  registry: Registry,
  more: MoreOnAdminPort | null = null,
): Promise<AdminPort> {
  const accepts = adminHostRuleOf(at.host, at.names);
  const listener = more === null ? null : listenerOf(more.app, unreadable);
  const server = createServer(LIMITS, (request, response) => {
    if (refuseHead(request, response, accepts)) return;
    if (more !== null && listener !== null && request.url?.startsWith(more.under) === true) {
      // The listener answers its own faults; it has nothing to say by rejecting.
      void listener(request, response);
      return;
    }
    const answer = async () => {
      const { status, type, body } = await respond(request, health, registry);
      if (status === 405) response.setHeader("allow", ALLOWED.join(", "));
      response
        .writeHead(status, { "content-type": type, "cache-control": "no-store" })
        .end(request.method === "HEAD" ? undefined : body);
    };
    answer().catch(() => response.writeHead(500).end());
  });
  await listen(server, at);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : at.port,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

async function respond(
  { method = "", url = "/" }: IncomingMessage,
  health: Health,
  registry: Registry,
) {
  const json = "application/json";
  if (!ALLOWED.includes(method)) {
    const body = JSON.stringify({
      error: "method_not_allowed",
      message: "This address does not take that method.",
    });
    return { status: 405, type: json, body };
  }
  switch (url.split("?")[0]) {
    case "/healthz":
      return { status: 200, type: json, body: JSON.stringify(healthBody(health)) };
    case "/livez":
      return { status: 200, type: json, body: '{"live":true}' };
    case "/readyz": {
      const reason = health.notReady();
      const body = JSON.stringify(reason === null ? { ready: true } : { ready: false, reason });
      return { status: reason === null ? 200 : 503, type: json, body };
    }
    case "/metrics":
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    default:
      return {
        status: 404,
        type: json,
        body: '{"error":"not_found","message":"There is nothing at this address."}',
      };
  }
}

function listen(server: Server, at: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(at.port, at.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
