/**
 * Requests of every kind that a deployment's one port gets, and where the front of a standalone
 * sends each.
 */
import { join } from "node:path";
import { edgeNames } from "../cluster.ts";
import { repositoryRoot } from "../repository-root.ts";
import type { Asked } from "./caddyfile.ts";

type App = { readonly fetch: (request: Request) => Promise<Response> };
type Front = { readonly fetch: (request: Request, peer: { address: string }) => Promise<Response> };

const { ROUTES }: { ROUTES: readonly { readonly paths: readonly string[] }[] } = await import(
  join(repositoryRoot(), "services/standalone/src/routes.ts")
);
const NAME_63 = "a".repeat(63);
const PATHS = [
  "/",
  "/index.html",
  "/mcp",
  "/mcp/",
  "/mcp/x",
  "/_tincan",
  "/_tincan/",
  "/_tincan/main-C8bFLlSP.css",
  "/osprey/conversations/hello",
  "/osprey/conversations/hello/",
  "/osprey/conversations/hello/links",
  "/osprey/conversations/-hello",
  "/osprey/conversations",
  "/Osprey/conversations/hello",
  "/osprey/Conversations/hello",
  "/docs/conversations/hello",
  "/metrics/conversations/hello",
  "/a/b/conversations/c",
  `/${NAME_63}/conversations/${NAME_63}`,
  `/${NAME_63}/conversations/${NAME_63}a`,
  "/v1",
  "/v1/accounts",
  "/v1/conversations/hello",
  "/v1/osprey/conversations/hello",
  "/v10/conversations/hello",
  "/healthz",
  "/docs",
  "/docs/more",
  "/documents",
  "/openapi.json",
  "/workflow/v2",
  "/mesh/v2",
  "/osprey/conversations/hello/connect",
  "/osprey/conversations/hello/connect/",
  "/v1/osprey/conversations/hello/connect",
];
/** One of each pattern of the route table. */
const OF_ROUTES = ROUTES.flatMap(({ paths }) =>
  paths.map((path) => path.replace(/\*\*|\*|\{\w+\}/g, "x1")),
);
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];
const HEADERS: readonly Asked["headers"][] = [
  { accept: "*/*" },
  { accept: "text/html,application/xhtml+xml;q=0.9" },
  { accept: "application/json, text/event-stream" },
  { accept: "text/markdown", "mcp-session-id": "one" },
  { accept: "text/html", "mcp-protocol-version": "2025-06-18" },
];
export const REQUESTS: readonly Asked[] = [...new Set([...PATHS, ...OF_ROUTES])].flatMap((path) =>
  METHODS.flatMap((method) => HEADERS.map((headers) => ({ method, path, headers }))),
);
/** What a gateway's port takes itself, so that the front of a standalone never sees it. */
const CONNECT = /^\/[^/]+\/conversations\/[^/]+\/connect$/;

/** Each request with the service that the front of a standalone gives it to. */
export async function byFront(): Promise<readonly string[]> {
  const path = join(repositoryRoot(), "services/standalone/src/front.ts");
  const { createFront }: { createFront: (apps: Record<string, App>) => Front } = await import(path);
  const app = (name: string): App => ({ fetch: async () => new Response(name) });
  const services = ["control", ...edgeNames()].map((name) => [name, app(name)]);
  const front = createFront(Object.fromEntries(services));
  const answers = REQUESTS.map(async (asked) => {
    if (CONNECT.test(asked.path)) return `${line(asked)} -> gateway`;
    const request = new Request(`http://ams.example${asked.path}?t=x`, asked);
    const answer = await front.fetch(request, { address: "127.0.0.1" });
    return `${line(asked)} -> ${await answer.text()}`;
  });
  return Promise.all(answers);
}

/** A request, as a failed test shows it. */
export function line({ method, path, headers }: Asked): string {
  return `${method} ${path} ${JSON.stringify(headers)}`;
}

/** `gateway` for gateway-1:8080. */
export function nameOf(upstream: string): string {
  return upstream.replace(/(-\d+)?(:\d+)?$/, "");
}
