/**
 * The operator's port: `/healthz`, `/livez`, `/readyz` and `/metrics`. It is separate from the public port,
 * so that neither load there nor a stranger reaches it.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

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

export type AdminPort = { readonly port: number; readonly close: () => Promise<void> };

export async function openAdminPort(
  at: { readonly host: string; readonly port: number },
  health: Health,
  registry: Registry,
): Promise<AdminPort> {
  const server = createServer((request, response) => {
    const answer = async () => {
      const { status, type, body } = await respond(request.url ?? "/", health, registry);
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
    };
    answer().catch(() => response.writeHead(500).end());
  });
  await listen(server, at);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

async function respond(url: string, health: Health, registry: Registry) {
  const json = "application/json";
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
