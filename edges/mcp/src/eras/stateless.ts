/**
 * The stateless era, protocol 2026-07-28: each request stands for itself. Who comes again is known
 * by the handle that its first call was answered; everything else travels in the tools' arguments.
 */
import { createHash } from "node:crypto";
import { failure, newNonce, principalOf, type Result, type Session, type Who } from "@ams/edge";
import {
  createMcpHandler,
  type McpHttpHandler,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { progressOf } from "../push/progress.ts";
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
        const callOf: (context: ServerContext) => Call = ({ mcpReq }) => ({
          ...call,
          progress: progressOf(mcpReq),
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
      session: (handle) => this.#sessionOf(incoming, who, clientName, handle),
      linkToShow: (magicLink) => atBase(magicLink, baseUrl),
      isStateless: true,
      askPush: () => undefined,
      ridesAlong: () => false,
      rideAlong: async () => undefined,
      progress: null,
      signal: request.signal,
      clientName,
    };
  }

  /** Of a handle always the same; without one a fresh caller's, that nobody else can mean. */
  #sessionOf(
    { address }: Incoming,
    who: Who,
    clientName: string | null,
    handle: string | null,
  ): Result<{ readonly session: Session }> {
    const { wrapper, seal } = this.#parts;
    const read = handle === null ? { nonce: newNonce() } : seal.readHandle(handle);
    if (read === null) return failure("unknown_handle");
    const id = `stateless ${read.nonce} ${shortHash(principalOf(who))}`;
    const found = wrapper.find(id, who);
    if (found !== null) return { ok: true, session: found };
    const named = clientName === null ? {} : { clientName, peerIdentity: agentOf(clientName) };
    return wrapper.open({ id, who, address, passing: true, seed: read.nonce, ...named });
  }
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
