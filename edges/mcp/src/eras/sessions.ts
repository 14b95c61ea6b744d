/**
 * The era of sessions, up to protocol 2025-11-25: which there are here, whose they are, and what
 * each of their requests gets.
 */
import type { Session } from "@ams/edge";
import { type InitializeRequestParams, isInitializeRequest } from "@modelcontextprotocol/server";
import { LRUCache } from "lru-cache";
import { asksPush } from "../request/asks-push.ts";
import { agentOf } from "../request/identity.ts";
import type { Incoming } from "../request/incoming.ts";
import type { Parts } from "../request/parts.ts";
import { RPC, refuse, refuseRpc, sessionNotFound } from "../request/refusal.ts";
import { McpSession } from "./mcp-session.ts";
import { newSessionId, readSessionId, type SaidAtStart } from "./session-id.ts";

/** Milliseconds between two looks for sessions that the wrapper has forgotten. */
const SWEEP_MS = 60_000;

/** Seconds after which who was refused a session may try again. */
const RETRY_S = "30";

/** Ids of deleted sessions that are remembered, so that a late request doesn't revive one. */
const DELETED_MAX = 10_000;

type Begun = { readonly mine: McpSession; readonly session: Session };
type Refused = { readonly refusal: Response };

export class Sessions {
  readonly #parts: Parts;
  readonly #sessions = new Map<string, McpSession>();
  readonly #deleted = new LRUCache<string, true>({ max: DELETED_MAX });
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
      return this.#open(incoming, body, body.params);
    }
    if (id === null && isInitialize(body)) {
      const sentence = "Invalid params: initialize needs protocolVersion, capabilities, clientInfo";
      return refuseRpc(400, RPC.invalidParams, sentence);
    }
    if (id === null) {
      return refuseRpc(400, RPC.refused, "Bad Request: Mcp-Session-Id header is required");
    }
    const found = this.#find(id, incoming) ?? (await this.#revive(id, incoming));
    if (found === null) return sessionNotFound();
    if ("refusal" in found) return found.refusal;
    const { mine, session } = found;
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

  async #open(
    incoming: Incoming,
    body: unknown,
    { clientInfo, capabilities }: InitializeRequestParams,
  ): Promise<Response> {
    const wantsPush = asksPush(capabilities.experimental);
    const clientName = clientInfo.name;
    const id = newSessionId(this.#parts.seal, incoming.caller.who, { clientName, wantsPush });
    const begun = this.#begin(id, incoming, { clientName, wantsPush }, false);
    if ("refusal" in begun) return begun.refusal;
    const response = await begun.mine.open(incoming, body);
    if (response.status !== 200) {
      begun.session.end();
      this.#sessions.delete(id);
    }
    return response;
  }

  /** Asked of the wrapper on every request: a session belongs to whom it was opened for. */
  #find(id: string, { caller }: Incoming): Begun | null {
    const mine = this.#sessions.get(id);
    const session = this.#parts.wrapper.find(id, caller.who);
    return mine === undefined || session === null ? null : { mine, session };
  }

  /**
   * A session that another process has opened, or this one before it restarted or forgot it. Not
   * one that was deleted here, nor that of somebody else, whose signature says so.
   */
  async #revive(id: string, incoming: Incoming): Promise<Begun | Refused | null> {
    const said = readSessionId(this.#parts.seal, incoming.caller.who, id);
    if (said === null || this.#deleted.has(id)) return null;
    // One that is here in part: it has ended, and its place isn't swept yet.
    const old = this.#sessions.get(id);
    if (old !== undefined) await old.close();
    const begun = this.#begin(id, incoming, said, true);
    if ("mine" in begun) await begun.mine.revive(incoming);
    return begun;
  }

  #begin(
    id: string,
    { caller, address }: Incoming,
    { clientName, wantsPush }: SaidAtStart,
    revived: boolean,
  ): Begun | Refused {
    const named = { clientName, peerIdentity: agentOf(clientName), revived };
    const opened = this.#parts.wrapper.open({ id, who: caller.who, address, ...named });
    if (!opened.ok) {
      return {
        refusal: refuse(429, opened.fault, opened.message, { "retry-after": RETRY_S }),
      };
    }
    const { session } = opened;
    const birth = { id, session, link: caller.link, clientName, wantsPush };
    const mine = new McpSession(this.#parts, birth);
    this.#sessions.set(id, mine);
    return { mine, session };
  }

  async #end(mine: McpSession, incoming: Incoming): Promise<Response> {
    const response = await mine.end(incoming);
    if (!response.ok) return response;
    this.#sessions.delete(mine.id);
    this.#deleted.set(mine.id, true);
    await mine.close();
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
