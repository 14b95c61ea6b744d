/**
 * One session of the older era: the SDK's server and transport, and the push stream that its client
 * has open.
 */
import type { CheckedLink, PushEvent, Session } from "@ams/edge";
import {
  type McpServer,
  type ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { bytesOf, type Notice, noticeOf } from "../push/notices.ts";
import { isPostEvent, PostLog } from "../push/post-log.ts";
import { progressOf } from "../push/progress.ts";
import { Push } from "../push/push.ts";
import { careForStream } from "../push/sse.ts";
import { type Heard, Updates } from "../push/updates.ts";
import { atBase } from "../request/at-base.ts";
import { BODY_BYTES_MAX } from "../request/body.ts";
import type { Call } from "../request/call.ts";
import type { Incoming } from "../request/incoming.ts";
import type { Parts } from "../request/parts.ts";
import { RPC, refuseRpc } from "../request/refusal.ts";
import { createServer } from "../server/server.ts";

export type SessionBirth = {
  readonly id: string;
  /** As the wrapper opened it: asked only whether it is still open. */
  readonly session: Session;
  /** The conversation of the address at which it was opened. */
  readonly link: CheckedLink | null;
  readonly clientName: string;
  /** Whether it asked for notifications when it began. */
  readonly wantsPush: boolean;
};

/** What a client speaks that doesn't say: the last revision without the header. */
const OLDEST_WITH_HEADER = "2025-03-26";
const BOTH_TYPES = "application/json, text/event-stream";

export class McpSession {
  readonly id: string;
  readonly #birth: SessionBirth;
  readonly #parts: Parts;
  readonly #mcp: McpServer;
  readonly #transport: WebStandardStreamableHTTPServerTransport;
  /** The call of each request under way, by the request that the SDK hands back to its handlers. */
  readonly #calls = new WeakMap<Request, Call>();
  readonly #updates: Updates;
  /** Ids of the requests whose answers somebody waits for. */
  readonly #underWay = new Set<string | number>();
  #push: Push | null = null;
  #wantsPush: boolean;
  /** Resolves when the last notification is on its stream. */
  #noted: Promise<void> = Promise.resolve();

  constructor(parts: Parts, birth: SessionBirth) {
    this.id = birth.id;
    this.#birth = birth;
    this.#wantsPush = birth.wantsPush;
    this.#parts = parts;
    const subscriptions = new Set<string>();
    this.#mcp = createServer(parts, {
      link: birth.link,
      callOf: (context) => this.#callOf(context),
      subscriptions,
    });
    this.#updates = new Updates(subscriptions, (uri) => this.#notifyUpdate(uri));
    this.#transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => birth.id,
      eventStore: new PostLog(),
      maxRequestBodySize: BODY_BYTES_MAX,
      keepAliveMs: 0, // `careForStream` does it, in this deployment's own words.
    });
  }

  get isOpen(): boolean {
    return this.#birth.session.open;
  }

  /** Answers `initialize`. */
  async open(incoming: Incoming, body: unknown): Promise<Response> {
    await this.#mcp.connect(this.#transport);
    return this.post(incoming, this.#birth.session, body);
  }

  /** Begins where another process has begun: its client doesn't initialize again. */
  async revive({ request }: Incoming): Promise<void> {
    await this.#mcp.connect(this.#transport);
    const { clientName: name } = this.#birth;
    const protocolVersion = request.headers.get("mcp-protocol-version") ?? OLDEST_WITH_HEADER;
    const params = { protocolVersion, capabilities: {}, clientInfo: { name, version: "0" } };
    const body = { jsonrpc: "2.0", id: 0, method: "initialize", params };
    const headers = { "content-type": "application/json", accept: BOTH_TYPES };
    const again = new Request(request.url, { method: "POST", headers });
    const response = await this.#transport.handleRequest(again, { parsedBody: body });
    await response.text();
  }

  async post(incoming: Incoming, session: Session, body: unknown): Promise<Response> {
    const { request } = incoming;
    const ids = requestsIn(body);
    // The SDK would answer the newer one alone, and leave the other's stream open permanently.
    if (ids.some((id) => this.#underWay.has(id))) return idUnderWay();
    for (const id of ids) this.#underWay.add(id);
    this.#calls.set(request, this.#callFor(incoming, session));
    const response = await this.#transport.handleRequest(request, { parsedBody: body });
    for (const id of cancelledBy(body)) this.#transport.closeSSEStream(id);
    return careForStream(response, {
      greet: false,
      signal: request.signal,
      keepAliveMs: this.#parts.keepAliveMs,
      onEnd: () => {
        for (const id of ids) this.#underWay.delete(id);
      },
    });
  }

  /**
   * The push stream. A newer one replaces an older, and goes on behind the last event that its
   * client saw.
   */
  async stream({ request }: Incoming, session: Session): Promise<Response> {
    const lastSeen = request.headers.get("last-event-id");
    const isRest = lastSeen !== null && isPostEvent(lastSeen);
    const accepts = request.headers.get("accept")?.includes("text/event-stream") === true;
    if (isRest || !accepts)
      return this.#care(await this.#transport.handleRequest(request), request);
    if (asksByRequest(request)) this.#wantsPush = true;
    this.#push?.stop();
    this.#transport.closeStandaloneSSEStream();
    const response = await this.#transport.handleRequest(withoutLastEventId(request));
    if (response.status !== 200) return response;
    const push = new Push({
      push: (event, subscription) => this.#pushEvent(event, subscription),
      ended: () => void this.#noted.then(() => this.#transport.closeStandaloneSSEStream()),
    });
    this.#push = push;
    const cared = this.#care(response, request, push);
    const isBegun = lastSeen !== null && push.start(session, { since: lastSeen });
    if (!isBegun) push.start(session, {});
    return cared;
  }

  /** DELETE: the SDK's answer, in the status that says that there is nothing more to it. */
  async end({ request }: Incoming): Promise<Response> {
    const response = await this.#transport.handleRequest(request);
    if (response.status !== 200) return response;
    this.#birth.session.end({ leaveWire: true });
    return new Response(null, { status: 204 });
  }

  async close(): Promise<void> {
    this.#push?.stop();
    await this.#noted;
    await this.#mcp.close();
  }

  #care(response: Response, { signal }: Request, push?: Push): Response {
    return careForStream(response, {
      greet: true,
      signal,
      keepAliveMs: this.#parts.keepAliveMs,
      onTaken: (bytes) => push?.taken(bytes),
      onEnd: () => {
        push?.stop();
        if (this.#push === push) this.#push = null;
      },
    });
  }

  #pushEvent(event: PushEvent, subscription: Heard): number {
    this.#updates.after(event, subscription);
    if (!this.#wantsPush) return 0;
    const notice = noticeOf(event);
    this.#notify(notice);
    return bytesOf(notice);
  }

  #notifyUpdate(uri: string): void {
    const notice = { method: "notifications/resources/updated", params: { uri } };
    this.#notify(notice);
    this.#push?.sent(bytesOf(notice));
  }

  #notify(notice: Notice): void {
    this.#noted = this.#mcp.server.notification(notice).catch((error: unknown) => {
      this.#parts.lost("push", error);
    });
  }

  #callFor({ request, caller, baseUrl }: Incoming, session: Session): Call {
    return {
      ...caller,
      session: () => ({ ok: true, session }),
      linkToShow: (magicLink) => atBase(magicLink, baseUrl),
      isStateless: false,
      askPush: () => {
        this.#wantsPush = true;
      },
      ridesAlong: () => this.#wantsPush && this.#push === null,
      rideAlong: async () => undefined,
      progress: null,
      signal: request.signal,
      clientName: this.#birth.clientName,
    };
  }

  /** With notifications on the answer itself for a client that has no push stream. */
  #callOf(context: ServerContext): Call {
    const { mcpReq, http } = context;
    const call = http?.req === undefined ? undefined : this.#calls.get(http.req);
    if (call === undefined) throw new Error("a request without its call");
    return {
      ...call,
      signal: AbortSignal.any([call.signal, mcpReq.signal]),
      progress: progressOf(mcpReq),
      rideAlong: async (notices) => {
        for (const notice of notices) await mcpReq.notify(notice);
      },
    };
  }
}

/**
 * Whether a GET asks for notifications: by `?push=1`, or because a browser's page sends it. Nobody
 * else gets them unasked: clients log an error for each that they don't know.
 */
function asksByRequest({ url, headers }: Request): boolean {
  return headers.has("origin") || new URL(url).searchParams.get("push") === "1";
}

const request = z.object({ method: z.string(), id: z.union([z.string(), z.number()]) });

function requestsIn(body: unknown): readonly (string | number)[] {
  return [body].flat().flatMap((one) => {
    const read = request.safeParse(one);
    return read.success ? [read.data.id] : [];
  });
}

function idUnderWay(): Response {
  const sentence = "Invalid Request: another request with this id is under way";
  return refuseRpc(400, RPC.invalidRequest, sentence);
}

const cancelled = z.object({
  method: z.literal("notifications/cancelled"),
  params: z.object({ requestId: z.union([z.string(), z.number()]) }),
});

/**
 * The requests that a body takes back: the SDK never answers them, and would leave their streams
 * open.
 */
function cancelledBy(body: unknown): readonly (string | number)[] {
  return [body].flat().flatMap((one) => {
    const read = cancelled.safeParse(one);
    return read.success ? [read.data.params.requestId] : [];
  });
}

/** The push stream's events are had again from the subscriptions, not from the SDK's store. */
function withoutLastEventId(request: Request): Request {
  if (!request.headers.has("last-event-id")) return request;
  const headers = new Headers(request.headers);
  headers.delete("last-event-id");
  return new Request(request.url, { headers, signal: request.signal });
}
