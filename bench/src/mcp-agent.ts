/**
 * An agent at the MCP edge: a session at a magic link that joins, and hears by push or by asking
 * again and again.
 */
import { Agent, type IncomingMessage, request } from "node:http";

/** Milliseconds for which one `ams_recv` waits: below the 25,000 that it may. */
const WAIT_MS = 20_000;
/** Of the era that has sessions, and with them push over a GET stream. */
const PROTOCOL_VERSION = "2025-06-18";

export type McpAgent = {
  /** Hears by push, from when it resolves. */
  readonly listen: (heard: Heard) => Promise<void>;
  /** Asks with `ams_recv` until it is closed; resolves then, and rejects when it is refused. */
  readonly poll: (heard: Heard) => Promise<void>;
  readonly close: () => void;
};

export type Heard = {
  readonly onToken: (data: string) => void;
  /** So many events were lost to this agent, as the edge says. */
  readonly onTruncated: (dropped: number) => void;
};

type Reply = {
  readonly method?: string;
  readonly params?: { readonly data?: string; readonly dropped?: number };
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent?: { readonly events?: readonly Event[]; readonly dropped?: number };
  };
};
type Event = { readonly kind: string; readonly data?: string };

/** Opens a session at the link and joins the conversation. */
export async function joinByMcp(magicLink: string): Promise<McpAgent> {
  const agent = new Agent({ keepAlive: true });
  const ended = new AbortController();
  let session: string | undefined;
  let lastId = 0;
  const ask = async (method: string, params: object) => {
    lastId += 1;
    const body = JSON.stringify({ jsonrpc: "2.0", id: lastId, method, params });
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(session !== undefined && { "mcp-session-id": session }),
    };
    const options = { method: "POST", headers, agent, signal: ended.signal };
    const response = await exchange(magicLink, options, body);
    return { response, reply: await lastEvent(response) };
  };
  const callTool = async (name: string, given: object) => {
    const { reply } = await ask("tools/call", { name, arguments: given });
    if (reply?.result === undefined || reply.result.isError) throw new Error(`${name} was refused`);
    return reply.result.structuredContent;
  };

  const clientInfo = { name: "bench", version: "1" };
  const hello = { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo };
  const { response } = await ask("initialize", hello);
  session = String(response.headers["mcp-session-id"]);
  await callTool("ams_join", { push: true });

  return {
    listen: async ({ onToken, onTruncated }) => {
      const headers = { accept: "text/event-stream", "mcp-session-id": session };
      const stream = await exchange(magicLink, { headers, agent, signal: ended.signal });
      if (stream.statusCode !== 200) throw new Error(`push answered ${stream.statusCode}`);
      onEvents(stream, ({ method, params = {} }) => {
        if (method === "notifications/ams/token") onToken(params.data ?? "");
        else if (method === "notifications/ams/truncated") onTruncated(params.dropped ?? 0);
      });
    },
    poll: async ({ onToken, onTruncated }) => {
      while (!ended.signal.aborted) {
        const answer = await callTool("ams_recv", { wait_ms: WAIT_MS, format: "events" }).catch(
          (error: unknown) => {
            if (ended.signal.aborted) return undefined;
            throw error;
          },
        );
        const { events = [], dropped = 0 } = answer ?? {};
        if (dropped > 0) onTruncated(dropped);
        for (const { kind, data = "" } of events) if (kind === "token") onToken(data);
      }
    },
    close: () => {
      ended.abort();
      agent.destroy();
    },
  };
}

/** Resolves with the answer when its head is there. */
function exchange(
  url: string,
  options: Parameters<typeof request>[1],
  body?: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, options, resolve).on("error", reject).end(body);
  });
}

/** The answer to a call: the last event of a short stream. */
function lastEvent(response: IncomingMessage): Promise<Reply | undefined> {
  return new Promise((resolve, reject) => {
    let last: Reply | undefined;
    onEvents(response, (reply) => {
      last = reply;
    });
    response.once("end", () => resolve(last)).once("error", reject);
  });
}

/** Passes the JSON of every server-sent event; an answer that is cut off just ends. */
function onEvents(response: IncomingMessage, pass: (reply: Reply) => void): void {
  let rest = "";
  response.on("error", () => undefined);
  response.setEncoding("utf8").on("data", (chunk: string) => {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const line = block.split("\n").find((one) => one.startsWith("data: {"));
      if (line !== undefined) pass(JSON.parse(line.slice("data: ".length)));
    }
  });
}
