/**
 * The MCP edge as a fetch handler. One request goes one way: may its page speak, where does it go,
 * who is it, which era does it speak, and then the SDK's server with our tools, which ask the
 * wrapper.
 */

import { createSeal, createWrapper } from "@ams/edge";
import {
  addressOf,
  baseUrlOf,
  describeError,
  type HttpApp,
  type Log,
  type Meter,
  type PeerAddress,
  type Reached,
} from "@ams/process";
import { isLegacyRequest } from "@modelcontextprotocol/server";
import type { Registry } from "prom-client";
import type { McpConfig } from "./config.ts";
import { Sessions } from "./eras/sessions.ts";
import { Stateless } from "./eras/stateless.ts";
import { createMetrics, type Era } from "./metrics.ts";
import { KEEP_ALIVE_MS } from "./push/sse.ts";
import { readBody } from "./request/body.ts";
import type { Incoming } from "./request/incoming.ts";
import { answerPreflight, refuseOrigin, withOrigin } from "./request/origin.ts";
import type { Parts } from "./request/parts.ts";
import { placeOf } from "./request/place.ts";
import { RPC, refuse, refuseRpc } from "./request/refusal.ts";
import { type Caller, identify } from "./request/who.ts";

const NO_SECRET =
  "AMS_MCP_SECRET is not set: handles and sessions end with this process, and no other serves them";

/** The first protocol revision without sessions. */
const STATELESS_SINCE = "2026-07-28";

export type McpOptions = {
  readonly config: McpConfig;
  readonly reached: Reached;
  /**
   * Where the deployment is reached; asked at the first request, when a port that the system chose
   * is known.
   */
  readonly url: () => string;
  readonly log: Log;
  readonly registry: Registry;
  /** Milliseconds without bytes after which a stream gets a comment; 15 s unless given. */
  readonly keepAliveMs?: number;
};

/** Answers any request to the edge; never rejects. */
export type Mcp = HttpApp & {
  /** Ends every session and leaves every conversation. */
  readonly stop: () => Promise<void>;
};

export function createMcp(options: McpOptions): Mcp {
  let edge: Edge | null = null;
  const metrics = createMetrics(options.registry, () => edge?.size ?? null);
  const lost = (where: string, error: unknown) => {
    const { name } = describeError(error);
    options.log.warn({ event: "mcp_failed", where, error: name }, "an answer was lost");
  };
  const open = () => {
    const { sessions, sessionsPerAddress, subscriptions } = options.config;
    const limits = { sessions, sessionsPerAddress, subscriptions };
    const { counters } = metrics;
    const { secret } = options.config;
    if (secret === null) options.log.warn({ event: "no_mcp_secret" }, NO_SECRET);
    const seal = createSeal(secret);
    const wrapper = createWrapper({ url: options.url(), limits, counters, seal });
    const keepAliveMs = options.keepAliveMs ?? KEEP_ALIVE_MS;
    return new Edge({ wrapper, seal, metrics, keepAliveMs, lost }, options);
  };
  return {
    fetch: async (request, peer) => {
      edge ??= open();
      try {
        return await edge.answer(request, peer);
      } catch (error) {
        const { name } = describeError(error);
        options.log.error({ event: "request_failed", error: name }, "request failed");
        return refuse(500, "internal_error", "Something went wrong here.");
      }
    },
    stop: async () => {
      await edge?.stop();
    },
  };
}

class Edge {
  readonly #parts: Parts;
  readonly #options: McpOptions;
  readonly #sessions: Sessions;
  readonly #stateless: Stateless;

  constructor(parts: Parts, options: McpOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#sessions = new Sessions(parts);
    this.#stateless = new Stateless(parts);
  }

  get size() {
    return this.#parts.wrapper.size;
  }

  async answer(request: Request, peer: PeerAddress): Promise<Response> {
    const { reached, config } = this.#options;
    const rules = { publicUrl: reached.publicUrl, allowed: config.origins };
    const refusal = refuseOrigin(request, rules);
    if (refusal !== null) return this.#count("none", request, refusal);
    const { era, response } = await this.#admit(request, peer);
    return this.#count(era, request, withOrigin(request, response));
  }

  /** The wrapper first: calls under way are answered while there is a transport to answer by. */
  async stop(): Promise<void> {
    await this.#parts.wrapper.close();
    await this.#sessions.stop();
    await this.#stateless.stop();
  }

  async #admit(request: Request, { address: own, meter }: PeerAddress): Promise<Answer> {
    const { reached, config } = this.#options;
    const place = placeOf(new URL(request.url));
    if (place === null) return none(refuse(404, "not_found", "There is nothing at this address."));
    if (request.method === "OPTIONS") return none(answerPreflight());
    if (!["GET", "POST", "DELETE"].includes(request.method)) return none(methodNotAllowed());
    const signIn = config.oauth && place.kind === "open" ? baseUrlOf(request, reached) : null;
    const identified = await identify(this.#parts.wrapper, request, place, signIn);
    if (!identified.ok) {
      // A bearer counts before a link, as in the meter.
      const refused = request.headers.has("authorization") ? 401 : 404;
      if (identified.response.status === refused) meter?.paidByAddress();
      return none(identified.response);
    }
    charge(identified.caller, meter);
    const address = addressOf(request, own, reached);
    const baseUrl = baseUrlOf(request, reached);
    return this.#route({ request, caller: identified.caller, address, baseUrl, meter });
  }

  async #route(incoming: Incoming): Promise<Answer> {
    const { request } = incoming;
    if (request.method !== "POST") {
      if (isStateless(request)) return none(methodNotAllowed("POST"));
      return { era: "session", response: await this.#sessions.answer(incoming, null) };
    }
    const body = await readBody(request, incoming.meter);
    if (!body.ok) return none(body.response);
    return (await isLegacyRequest(request, body.value))
      ? { era: "session", response: await this.#sessions.answer(incoming, body.value) }
      : { era: "stateless", response: await this.#stateless.answer(incoming, body.value) };
  }

  #count(era: Era, { method }: Request, response: Response): Response {
    this.#parts.metrics.request(era, method, response.status);
    return response;
  }
}

/** Whose budget the request uses from here on (§2.1.6). */
function charge({ who, link }: Caller, meter: Meter | undefined): void {
  if (who.kind === "account") meter?.paidBy("account", who.account.accountId);
  else if (link !== null) meter?.paidBy("conversation", link.conversationId);
}

type Answer = { readonly era: Era; readonly response: Response };

function none(response: Response): Answer {
  return { era: "none", response };
}

/** Whether a request without a body says that it speaks a revision that has no such requests. */
function isStateless({ headers }: Request): boolean {
  return (headers.get("mcp-protocol-version") ?? "") >= STATELESS_SINCE;
}

function methodNotAllowed(allow = "GET, POST, DELETE"): Response {
  return refuseRpc(405, RPC.refused, "Method not allowed.", { allow });
}
