/**
 * An agent at the MCP edge: a session at a magic link that joins, and hears by push or by asking
 * again and again.
 */
import type { IncomingMessage } from "node:http";
import { agentFor, eachEvent, exchange } from "./events.ts";

/** Milliseconds for which one `ams_recv` waits: below the 25,000 that it may. */
const WAIT_MS = 20_000;
/** Of the era that has sessions, and with them push over a GET stream. */
const PROTOCOL_VERSION = "2025-06-18";

export type McpAgent = {
  /** Hears by push, from when it resolves. */
  readonly listen: (heard: Heard) => Promise<void>;
  /** Asks with `ams_recv` until it is closed; resolves then, and rejects when it is refused. */
  readonly poll: (heard: Heard) => Promise<void>;
  /** Leaves the conversation in good order. */
  readonly leave: () => Promise<void>;
  readonly close: () => void;
};

export type Heard = {
  readonly onToken: (data: string, event: McpEvent) => void;
  /** So many events were lost to this agent, as the edge says. */
  readonly onTruncated: (dropped: number) => void;
};

/** An event of `ams_recv`, or the parameters of a notification. */
export type McpEvent = {
  readonly kind?: string;
  readonly data?: string;
  readonly dropped?: number;
  readonly stream_id?: string;
  readonly stream_name?: string;
  readonly seq?: string;
};

export type McpOptions = {
  readonly push?: boolean;
  /** An address of this machine to connect from. */
  readonly source?: string | null;
  /** A guest's, unless given. */
  readonly credential?: string | null;
};

type Reply = {
  readonly method?: string;
  readonly params?: McpEvent;
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent?: {
      readonly events?: readonly McpEvent[];
      readonly dropped?: number;
    };
  };
};

/** Opens a session at the link and joins the conversation. Rejects when it is refused. */
export async function joinByMcp(magicLink: string, options: McpOptions = {}): Promise<McpAgent> {
  const { push = true, source = null, credential = null } = options;
  const agent = agentFor(magicLink, source);
  const ended = new AbortController();
  const bearer = credential === null ? {} : { authorization: `Bearer ${credential}` };
  let session: string | undefined;
  let lastId = 0;
  const ask = async (method: string, params: object) => {
    lastId += 1;
    const body = JSON.stringify({ jsonrpc: "2.0", id: lastId, method, params });
    const headers = {
      ...bearer,
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

  const clientInfo = { name: "loadtest", version: "1" };
  const hello = { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo };
  const { response } = await ask("initialize", hello);
  session = String(response.headers["mcp-session-id"]);
  await callTool("ams_join", { push });

  return {
    listen: async ({ onToken, onTruncated }) => {
      const headers = { ...bearer, accept: "text/event-stream", "mcp-session-id": session };
      const stream = await exchange(magicLink, { headers, agent, signal: ended.signal });
      if (stream.statusCode !== 200) throw new Error(`push answered ${stream.statusCode}`);
      eachReply(stream, ({ method, params = {} }) => {
        if (method === "notifications/ams/token") onToken(params.data ?? "", params);
        else if (method === "notifications/ams/truncated") onTruncated(params.dropped ?? 0);
      }).catch(() => undefined); // An answer that is cut off just ends.
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
        for (const event of events) if (event.kind === "token") onToken(event.data ?? "", event);
      }
    },
    leave: async () => {
      await callTool("ams_leave", {}).catch(() => undefined); // Its session ends in any case.
    },
    close: () => {
      ended.abort();
      agent.destroy();
    },
  };
}

/** The answer to a call: the last event of a short stream. */
async function lastEvent(response: IncomingMessage): Promise<Reply | undefined> {
  let last: Reply | undefined;
  await eachReply(response, (reply) => {
    last = reply;
  });
  return last;
}

function eachReply(response: IncomingMessage, pass: (reply: Reply) => void): Promise<void> {
  return eachEvent(response, ({ data }) => {
    const reply = data.startsWith("{") ? parsed(data) : null;
    if (reply !== null) pass(reply);
  });
}

function parsed(data: string): Reply | null {
  try {
    return JSON.parse(data);
  } catch {
    return null; // An edge that answers no JSON leaves its caller without an answer.
  }
}
