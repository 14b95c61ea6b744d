/**
 * The era of sessions, up to protocol 2025-11-25: which there are here, whose they are, and what
 * each of their requests gets.
 */
import { randomUUID } from "node:crypto";
import { isInitializeRequest } from "@modelcontextprotocol/server";
import { agentOf } from "../request/identity.ts";
import type { Incoming } from "../request/incoming.ts";
import type { Parts } from "../request/parts.ts";
import { RPC, refuse, refuseRpc, sessionNotFound } from "../request/refusal.ts";
import { McpSession } from "./mcp-session.ts";

/** Milliseconds between two looks for sessions that the wrapper has forgotten. */
const SWEEP_MS = 60_000;

/** Seconds after which who was refused a session may try again. */
const RETRY_S = "30";

export class Sessions {
  readonly #parts: Parts;
  readonly #sessions = new Map<string, McpSession>();
  readonly #sweep: NodeJS.Timeout;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#sweep = setInterval(() => this.#forgetEnded(), SWEEP_MS);
    this.#sweep.unref();
  }

  /** Answers a request of this era; `body` is the parsed body of a POST. */
  async answer(incoming: Incoming, body: unknown): Promise<Response> {
    const { request } = incoming;
    const id = request.headers.get("mcp-session-id");
    if (id === null && request.method === "POST" && isInitializeRequest(body)) {
      return this.#open(incoming, body, body.params.clientInfo.name);
    }
    if (id === null && isInitialize(body)) {
      const sentence = "Invalid params: initialize needs protocolVersion, capabilities, clientInfo";
      return refuseRpc(400, RPC.invalidParams, sentence);
    }
    if (id === null) {
      return refuseRpc(400, RPC.refused, "Bad Request: Mcp-Session-Id header is required");
    }
    const mine = this.#sessions.get(id);
    // Asked of the wrapper on every request: a session belongs to the account, or the link, that
    // opened it.
    const session = this.#parts.wrapper.find(id, incoming.caller.who);
    if (mine === undefined || session === null) return sessionNotFound();
    switch (request.method) {
      case "GET":
        return mine.stream(incoming, session);
      case "DELETE":
        return this.#end(mine, incoming);
      default:
        return mine.post(incoming, session, body);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
    this.#sessions.clear();
  }

  async #open(incoming: Incoming, body: unknown, clientName: string): Promise<Response> {
    const { caller, address } = incoming;
    const id = randomUUID();
    const named = { clientName, peerIdentity: agentOf(clientName) };
    const opened = this.#parts.wrapper.open({ id, who: caller.who, address, ...named });
    if (!opened.ok) {
      return refuse(429, opened.fault, opened.message, { "retry-after": RETRY_S });
    }
    const { session } = opened;
    const mine = new McpSession(this.#parts, { id, session, link: caller.link, clientName });
    this.#sessions.set(id, mine);
    const response = await mine.open(incoming, body);
    if (response.status !== 200) {
      session.end();
      this.#sessions.delete(id);
    }
    return response;
  }

  async #end(mine: McpSession, incoming: Incoming): Promise<Response> {
    const response = await mine.end(incoming);
    if (response.ok) this.#sessions.delete(mine.id);
    return response;
  }

  #forgetEnded(): void {
    for (const session of [...this.#sessions.values()]) {
      if (session.isOpen) continue;
      this.#sessions.delete(session.id);
      session.close().catch(() => undefined);
    }
  }
}

/** Whether it means to be one, well formed or not. */
function isInitialize(body: unknown): boolean {
  return (
    typeof body === "object" && body !== null && "method" in body && body.method === "initialize"
  );
}
