/**
 * The stateless era, protocol 2026-07-28: each request stands for itself. Who comes again is known
 * by its account, or as a guest by its link and where it comes from; everything else travels in the
 * tools' arguments.
 */
import { createHash, randomUUID } from "node:crypto";
import { automaticName, type CheckedLink, type Result, type Session, type Who } from "@ams/edge";
import { createMcpHandler, type McpHttpHandler } from "@modelcontextprotocol/server";
import { careForStream } from "../push/sse.ts";
import { atBase } from "../request/at-base.ts";
import { BODY_BYTES_MAX } from "../request/body.ts";
import type { Call } from "../request/call.ts";
import { describeRequest, type StatelessRequest } from "../request/envelope.ts";
import { agentOf } from "../request/identity.ts";
import type { Incoming } from "../request/incoming.ts";
import type { Parts } from "../request/parts.ts";
import { createServer } from "../server/server.ts";
import { answerListen } from "./listen.ts";

export class Stateless {
  readonly #parts: Parts;
  readonly #calls = new WeakMap<Request, Call>();
  /** Answers at once, as one piece of JSON. */
  readonly #whole: McpHttpHandler;
  /** Answers as a stream, so that comments keep a long wait alive. */
  readonly #streamed: McpHttpHandler;
  /** One for each `subscriptions/listen` that is open. */
  readonly #listens = new Set<McpHttpHandler>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#whole = this.#handler("auto");
    this.#streamed = this.#handler("sse");
  }

  async answer(incoming: Incoming, body: unknown): Promise<Response> {
    const { request } = incoming;
    const described = describeRequest(body);
    const call = this.#callFor(incoming, described, await this.#principalOf(incoming, described));
    this.#calls.set(request, call);
    if (described.method === "subscriptions/listen") {
      return answerListen(this.#parts, { request, body, described, call, listens: this.#listens });
    }
    const handler = described.waits ? this.#streamed : this.#whole;
    const response = await handler.fetch(request, { parsedBody: body });
    const { keepAliveMs } = this.#parts;
    return careForStream(response, { greet: false, signal: request.signal, keepAliveMs });
  }

  async stop(): Promise<void> {
    const all = [this.#whole, this.#streamed, ...this.#listens];
    await Promise.all(all.map((handler) => handler.close()));
  }

  #handler(responseMode: "auto" | "sse"): McpHttpHandler {
    return createMcpHandler(
      ({ requestInfo }) => {
        const call = requestInfo === undefined ? undefined : this.#calls.get(requestInfo);
        if (call === undefined) throw new Error("a request without its call");
        const callOf: (context: { mcpReq: { signal: AbortSignal } }) => Call = ({ mcpReq }) => ({
          ...call,
          signal: AbortSignal.any([call.signal, mcpReq.signal]),
        });
        return createServer(this.#parts, { link: call.link, callOf });
      },
      {
        legacy: "reject",
        responseMode,
        keepAliveMs: 0,
        maxRequestBodySize: BODY_BYTES_MAX,
      },
    );
  }

  /** A guest who names a link in an argument is that link's guest, for this request. */
  async #principalOf({ caller }: Incoming, { magicLink }: StatelessRequest): Promise<Who> {
    const { who } = caller;
    if (who.kind === "account" || magicLink === null) return who;
    const checked = await this.#parts.wrapper.links.check(magicLink);
    return checked.ok ? { kind: "guest", link: checked.link } : who;
  }

  #callFor(incoming: Incoming, { clientName }: StatelessRequest, who: Who): Call {
    const { request, caller, baseUrl } = incoming;
    return {
      who,
      link: caller.link,
      session: () => this.#sessionOf(incoming, who, clientName),
      linkToShow: (magicLink) => atBase(magicLink, baseUrl),
      rideAlong: async () => undefined,
      // Two agents of one account, or of one program on one machine, mustn't get the same seat, or
      // they would not hear each other.
      nameless: (program) => automaticName(program ?? undefined, randomUUID()),
      signal: request.signal,
      clientName,
    };
  }

  #sessionOf(
    { address }: Incoming,
    who: Who,
    clientName: string | null,
  ): Result<{ readonly session: Session }> {
    const id = idOf(who, address, clientName);
    const found = this.#parts.wrapper.find(id, who);
    if (found !== null) return { ok: true, session: found };
    const named = clientName === null ? {} : { clientName, peerIdentity: agentOf(clientName) };
    return this.#parts.wrapper.open({ id, who, address, passing: true, ...named });
  }
}

/**
 * Of an account one; of guests one for each link, place and program, since nothing else tells them
 * apart.
 */
function idOf(who: Who, address: string, clientName: string | null): string {
  if (who.kind === "account") return `stateless ${who.account.accountId}`;
  const seed = [keyOf(who.link), address, clientName ?? ""].join("\n");
  return `stateless guest ${createHash("sha256").update(seed).digest("hex").slice(0, 32)}`;
}

function keyOf(link: CheckedLink | null): string {
  return link === null ? "" : link.key;
}
