/**
 * The authorization server as a fetch handler (§2.14): every address that it answers is in the
 * table below. Switched off, it answers none.
 */
import { join } from "node:path";
import type { EdgeApp, EdgeStart } from "@ams/edge";
import {
  addressOf,
  baseUrlOf,
  createSealer,
  describeError,
  type Log,
  networkOf,
  Outgoing,
  type PeerAddress,
  type Reached,
} from "@ams/process";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { createClients } from "./clients.ts";
import type { OAuthConfig } from "./config.ts";
import { createGrants } from "./grants.ts";
import { resourceMetadata, serverMetadata } from "./metadata.ts";
import { OPEN_HEADERS, problem, refused } from "./problem.ts";
import { answerConsent, showConsent } from "./routes/consent.ts";
import { register } from "./routes/register.ts";
import { revoke, token } from "./routes/token.ts";
import type { Handler, Tools } from "./routes/tools.ts";
import { memoryRecords, openEmbeddedRecords } from "./store/embedded-records.ts";
import type { Records } from "./store/records.ts";
import { openRedisRecords } from "./store/redis-records.ts";

export type OAuthParts = {
  readonly config: OAuthConfig;
  readonly reached: Reached;
  /** Base URL of the deployment, as this process reaches it. */
  readonly url: () => string;
  readonly log: Log;
};

const WELL_KNOWN = "/.well-known/oauth-";

const ROUTES: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  [`GET ${WELL_KNOWN}protected-resource`, (call) => resourceMetadata(call.baseUrl, "")],
  [`GET ${WELL_KNOWN}protected-resource/mcp`, (call) => resourceMetadata(call.baseUrl, "/mcp")],
  [`GET ${WELL_KNOWN}authorization-server`, (call) => serverMetadata(call.baseUrl)],
  ["POST /oauth/register", register],
  ["GET /oauth/authorize", showConsent],
  ["POST /oauth/authorize", answerConsent],
  ["POST /oauth/token", token],
  ["POST /oauth/revoke", revoke],
]);

export function createOAuth(parts: OAuthParts): EdgeApp {
  const { config, reached, log } = parts;
  let tools: Tools | null = null;
  let records: Records | null = null;
  return {
    fetch: async (request, peer) => {
      if (!config.isOn) return notFound();
      const { pathname } = new URL(request.url);
      if (request.method === "OPTIONS") return preflight();
      const handler = ROUTES.get(`${request.method} ${pathname}`);
      if (handler === undefined) return notFound();
      try {
        if (tools === null) throw new Error("not started");
        const call = {
          request,
          baseUrl: baseUrlOf(request, reached),
          network: networkOfCall(request, peer),
        };
        return await handler(call, tools);
      } catch (error) {
        log.warn({ event: "request_failed", ...describeError(error) }, "request failed");
        return problem(refused("temporarily_unavailable", "Try again in a moment."));
      }
    },
    start: async (at) => {
      if (!config.isOn) return [];
      records = await openRecords(config, at);
      tools = toolsOf(parts, records);
      return [];
    },
    notReady: () => (config.isOn && tools === null ? "store" : null),
    stop: async () => {
      await records?.close();
    },
  };

  function networkOfCall(request: Request, peer: PeerAddress): string {
    return networkOf(addressOf(request, peer.address, reached));
  }
}

function toolsOf({ config, url, log }: OAuthParts, records: Records): Tools {
  const { secret, clientHosts, triesPerMinute } = config;
  if (secret === null) throw new Error("AMS_OAUTH_SECRET is needed with AMS_OAUTH=on");
  const sealer = createSealer([secret], "ams oauth grants");
  const onReplay = (what: string) =>
    log.warn({ event: "replayed", what }, "used twice: its grant was ended");
  return {
    url,
    clients: createClients(records, new Outgoing(clientHosts)),
    grants: createGrants({ records, sealer, url, now: Date.now, onReplay }),
    registrations: perMinute(triesPerMinute),
    consents: perMinute(triesPerMinute),
    log,
  };
}

/** True while the address may. */
function perMinute(points: number): (network: string) => Promise<boolean> {
  if (points === 0) return () => Promise.resolve(true);
  const limiter = new RateLimiterMemory({ points, duration: 60 });
  return (network) =>
    limiter.consume(network).then(
      () => true,
      () => false,
    );
}

async function openRecords({ redisUrl }: OAuthConfig, at: EdgeStart): Promise<Records> {
  if (redisUrl !== null) return await openRedisRecords(redisUrl);
  return at.kind === "process" ? memoryRecords() : openEmbeddedRecords(join(at.folder, "oauth"));
}

function notFound(): Response {
  return Response.json(
    { error: "not_found", message: "There is nothing at this address." },
    { status: 404, headers: OPEN_HEADERS },
  );
}

function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...OPEN_HEADERS,
      "access-control-allow-methods": "GET, POST, OPTIONS",
      "access-control-allow-headers": "content-type, authorization, mcp-protocol-version",
      "access-control-max-age": "7200",
    },
  });
}
