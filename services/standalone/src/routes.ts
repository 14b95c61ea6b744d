/**
 * Which service has which request of a deployment's one port: the first route that matches. The
 * standalone routes by this table; `npm run docs` writes the routes of deploy/entry/Caddyfile and
 * the table in docs/OPERATIONS.md from it.
 */

export type Route = {
  /** A service or an edge, by its folder's name. Where it is missing, the route is left out. */
  readonly service: string;
  /** Any of them. See `pathExpression` for what they may hold. */
  readonly paths: readonly string[];
  /** None of them. */
  readonly notPaths?: readonly string[];
  /** Any of them; every method where it is absent. */
  readonly methods?: readonly string[];
  /** All of them. */
  readonly headers?: readonly HeaderCondition[];
};

export type HeaderCondition = {
  readonly name: string;
  /** The text that the value must hold; any value where it is absent. */
  readonly holds?: string;
  /** True where the header must not be so. */
  readonly not?: true;
};

/** A magic link (§1.1), whose namespace is no reserved word (§1.2). */
const LINK = "/{namespace}/conversations/{alias}";

/** What control answers itself, to browsers too. */
const CONTROL = ["/v1", "/docs", "/openapi.json", "/healthz"];

export const ROUTES: readonly Route[] = [
  { service: "gateway", paths: ["/*/conversations/*/connect"] },
  { service: "feed", paths: [`${LINK}/log`, `${LINK}/streams/*`, `${LINK}/streams/*/text`] },
  { service: "workflow", paths: ["/workflow/v1", "/workflow/v1/**"] },
  { service: "mesh", paths: ["/mesh/v1", "/mesh/v1/**"] },
  { service: "mcp", paths: ["/mcp"] },
  {
    service: "oauth",
    paths: [
      "/oauth/**",
      "/.well-known/oauth-authorization-server",
      "/.well-known/oauth-protected-resource",
      "/.well-known/oauth-protected-resource/mcp",
    ],
  },
  { service: "amp", paths: ["/amp/**", "/.well-known/agent-messaging.json"] },
  // A GET of a link is an MCP client's when it says so, or asks for an event stream.
  {
    service: "web",
    paths: [LINK],
    methods: ["GET"],
    headers: [
      { name: "Mcp-Session-Id", not: true },
      { name: "Mcp-Protocol-Version", not: true },
      { name: "Accept", holds: "text/event-stream", not: true },
    ],
  },
  { service: "web", paths: [LINK], methods: ["HEAD"] },
  { service: "mcp", paths: [LINK] },
  { service: "web", paths: ["/", "/_tincan/**", "/_dist", "/_dist/**"] },
  // A browser that no other service has a page for came by a damaged link, most likely.
  {
    service: "web",
    paths: ["/**"],
    notPaths: CONTROL.flatMap((path) => [path, `${path}/**`]),
    methods: ["GET", "HEAD"],
    headers: [{ name: "Accept", holds: "text/html" }],
  },
  { service: "control", paths: ["/**"] },
];
