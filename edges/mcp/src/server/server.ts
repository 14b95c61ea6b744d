/**
 * One MCP server of the SDK's, with what this edge answers. A session has one, and so has each
 * request of the stateless era.
 */

import type { CheckedLink } from "@ams/edge";
import {
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Call } from "../request/call.ts";
import type { Parts } from "../request/parts.ts";
import { instructionsOf } from "../texts/instructions.ts";
import { TOOLS, TOOLS_BY_NAME } from "../tools/table.ts";
import { type Outcome, resultOf } from "../tools/tool.ts";
import { getPrompt, listPrompts } from "./prompts.ts";
import {
  isResource,
  listResources,
  notFound,
  RESOURCE_TEMPLATES,
  readResource,
  SUBSCRIPTIONS_MAX,
} from "./resources.ts";

const SERVER_INFO = { name: "ams", title: "AMS", version: "0.1.0" };

const CAPABILITIES = {
  tools: { listChanged: false },
  resources: { subscribe: true, listChanged: false },
  prompts: { listChanged: false },
};

export type Serving = {
  /** The conversation that the address is bound to: its instructions and prompts are shown. */
  readonly link: CheckedLink | null;
  /** The call that a request of the SDK's belongs to. */
  readonly callOf: (context: ServerContext) => Call;
  /**
   * URIs whose changes the client wants to know of; only where there is a session for the notices.
   */
  readonly subscriptions?: Set<string>;
};

export function createServer(parts: Parts, serving: Serving): McpServer {
  const { callOf, link } = serving;
  const mcp = new McpServer(SERVER_INFO, {
    capabilities: CAPABILITIES,
    instructions: instructionsOf(link),
  });
  const { server } = mcp;
  server.setRequestHandler("tools/list", () => ({ tools: TOOLS.map(({ listed }) => listed) }));
  server.setRequestHandler("tools/call", async ({ params }, context) => {
    const outcome = await runTool(parts, params.name, params.arguments, callOf(context));
    return resultOf(outcome);
  });
  server.setRequestHandler("resources/list", (_, context) => listResources(callOf(context)));
  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: RESOURCE_TEMPLATES,
  }));
  server.setRequestHandler("resources/read", ({ params }, context) =>
    readResource(callOf(context), params.uri),
  );
  server.setRequestHandler("prompts/list", () => listPrompts(link));
  server.setRequestHandler("prompts/get", ({ params }) =>
    getPrompt(link, params.name, params.arguments),
  );
  if (serving.subscriptions !== undefined) serveSubscriptions(mcp, serving.subscriptions);
  return mcp;
}

async function runTool(parts: Parts, name: string, given: unknown, call: Call): Promise<Outcome> {
  const tool = TOOLS_BY_NAME.get(name);
  if (tool === undefined) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no tool of that name.");
  }
  const began = performance.now();
  const outcome = await tool.run(call, given, parts);
  parts.metrics.toolRan(name, outcome.ok, (performance.now() - began) / 1_000);
  return outcome;
}

function serveSubscriptions({ server }: McpServer, subscriptions: Set<string>): void {
  server.setRequestHandler("resources/subscribe", ({ params }) => {
    if (subscriptions.size >= SUBSCRIPTIONS_MAX) {
      const message = `A session subscribes to ${SUBSCRIPTIONS_MAX} resources at most.`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    if (!isResource(params.uri)) throw notFound(params.uri);
    subscriptions.add(params.uri);
    return {};
  });
  server.setRequestHandler("resources/unsubscribe", ({ params }) => {
    subscriptions.delete(params.uri);
    return {};
  });
}
