/** What the attacker of the fairness journey asks the edges, as data. */
import type { Asks, Target } from "./fairness-attacks.ts";

const NESTED = `[${"[],".repeat(340_000)}[]]`;
/** Bytes of one request that nearly fill what an edge reads. */
const TEXT_64_KIB = "x".repeat(65_536);
const BOTH = { accept: "application/json, text/event-stream", "content-type": "application/json" };
const HTML = { accept: "text/html" };

/** By the edge's folder, then by the attack's name. */
export const EDGES: Readonly<Record<string, Asks>> = {
  feed: {
    "the feed's log": (t) => ({ path: keptOf(t, "/log") }),
    "the feed's text": (t) => ({ path: keptOf(t, "/streams/feed-writer/text") }),
    "64 KiB by the feed": (t) => ({
      method: "POST",
      path: keptOf(t, "/streams/feed-writer"),
      body: TEXT_64_KIB,
      headers: { "content-type": "text/plain" },
    }),
  },
  mcp: {
    "an MCP client that begins": ({ kept }) => ({
      method: "POST",
      path: pathOf(kept),
      headers: BOTH,
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "initialize",
        params: {
          protocolVersion: "2025-11-25",
          capabilities: {},
          clientInfo: { name: "x".repeat(60_000), version: "1" },
        },
      }),
    }),
    "1 MiB of arrays to MCP": () => ({
      method: "POST",
      path: "/mcp",
      headers: BOTH,
      body: `{"jsonrpc":"2.0","id":1,"method":"initialize","params":${NESTED}}`,
    }),
  },
  web: {
    "the page of a link": ({ kept }) => ({ path: pathOf(kept), headers: HTML }),
    "the head of a link": ({ kept }) => ({ method: "HEAD", path: pathOf(kept) }),
    "the page's first page": () => ({ path: "/", headers: HTML }),
    "the page's files": () => ({ path: `/_tincan/${"x".repeat(8_000)}` }),
    "the list of packages": () => ({ path: "/_dist" }),
    "a package that is not there": () => ({ path: `/_dist/${"x".repeat(8_000)}` }),
    "a damaged link": () => ({
      path: `/${"&amp;=%3D".repeat(900)}/conversations/x`,
      headers: HTML,
    }),
  },
  amp: {
    "1 MiB of arrays to AMP": () => ({
      method: "POST",
      path: "/amp/v1/register",
      body: `{"d":${NESTED}}`,
    }),
    "what AMP says of itself": () => ({ path: "/.well-known/agent-messaging.json" }),
  },
  workflow: {
    "what workflows are": () => ({ path: "/workflow/v1" }),
    "1 MiB of arrays to a workflow": ({ namespace, alias, credential }) => ({
      method: "POST",
      path: `/workflow/v1/${namespace}/${alias}/workflows`,
      headers: { authorization: `Bearer ${credential}` },
      body: `{"d":${NESTED}}`,
    }),
  },
  oauth: {
    "what the authorization server is": () => ({
      path: "/.well-known/oauth-authorization-server",
    }),
    "what is protected": () => ({ path: "/.well-known/oauth-protected-resource" }),
    "what is protected at MCP": () => ({ path: "/.well-known/oauth-protected-resource/mcp" }),
    "1 MiB to register a client": () => ({
      method: "POST",
      path: "/oauth/register",
      headers: { "content-type": "application/json" },
      body: `{"redirect_uris":${NESTED}}`,
    }),
    "codes that nobody gave": () => ({
      method: "POST",
      path: "/oauth/token",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `grant_type=authorization_code&code=${"x".repeat(8_000)}`,
    }),
  },
  mesh: {
    "what meshes are": () => ({ path: "/mesh/v1" }),
    "1 MiB of arrays to a mesh": ({ namespace, alias, credential }) => ({
      method: "POST",
      path: `/mesh/v1/${namespace}/${alias}/delegate`,
      headers: { authorization: `Bearer ${credential}` },
      body: `{"d":${NESTED}}`,
    }),
  },
};

function pathOf(link: string): string {
  const { pathname, search } = new URL(link);
  return pathname + search;
}

/** A path below the link of the conversation that keeps its frames. */
function keptOf({ kept }: Target, below: string): string {
  const { pathname, search } = new URL(kept);
  return pathname + below + search;
}
