/**
 * `subscriptions/listen` of the stateless era: a conversation's events as updates of its resource. The SDK's stream is fed by a bus
 * that is this caller's alone, so that nobody hears of a conversation that they are not in.
 */
import type { PushEvent, Session } from "@ams/wrapper";
import {
  createMcpHandler,
  type McpHttpHandler,
  ProtocolErrorCode,
  type ServerEvent,
  type ServerEventBus,
} from "@modelcontextprotocol/server";
import type { Call } from "./call.ts";
import type { StatelessRequest } from "./envelope.ts";
import { bytesOf, noticeOf } from "./notices.ts";
import type { Parts } from "./parts.ts";
import { Push } from "./push.ts";
import { type ConversationUri, readConversationUri } from "./resources.ts";
import { createServer } from "./server.ts";
import { careForStream } from "./sse.ts";
import { changedBy } from "./updates.ts";

/** The member of `_meta` that brings the event itself. */
const NOTICE_KEY = "ams/notice";

export type ListenRequest = {
  readonly request: Request;
  readonly body: unknown;
  readonly described: StatelessRequest;
  readonly call: Call;
  /** Where it is put for as long as it is open. */
  readonly listens: Set<McpHttpHandler>;
};

export async function answerListen(parts: Parts, asked: ListenRequest): Promise<Response> {
  const { request, body, described, call, listens } = asked;
  const wanted = described.uris.flatMap((uri) => readConversationUri(uri) ?? []);
  const seated = await takeSeats(call, wanted);
  if (!seated.ok) return refuseListen(body, seated.message);
  const bus = new SeatBus(described.uris);
  const handler = createMcpHandler(
    () => createServer(parts, { link: call.link, callOf: () => call }),
    { legacy: "reject", keepAliveMs: 0, bus },
  );
  const pushes = conversationsOf(wanted).map(
    (conversationId) =>
      [
        conversationId,
        new Push({ push: (event) => bus.tell(event), ended: () => void handler.close() }),
      ] as const,
  );
  listens.add(handler);
  const response = await handler.fetch(request, { parsedBody: body });
  const cared = careForStream(response, {
    greet: false,
    signal: request.signal,
    keepAliveMs: parts.keepAliveMs,
    onTaken: (bytes) => {
      for (const [, push] of pushes) push.taken(bytes);
    },
    onEnd: () => {
      for (const [, push] of pushes) push.stop();
      listens.delete(handler);
    },
  });
  for (const [conversationId, push] of pushes) {
    const path = `listen ${call.clientName ?? ""} ${conversationId}`;
    if (seated.session !== null) push.start(seated.session, { path, conversationId });
  }
  return cared;
}

type Seats =
  | { readonly ok: true; readonly session: Session | null }
  | { readonly ok: false; readonly message: string };

/** Who listens is in the conversation, as who reads is: with its link it takes a seat, unless it has left. */
async function takeSeats(call: Call, wanted: readonly ConversationUri[]): Promise<Seats> {
  if (wanted.length === 0) return { ok: true, session: null };
  const opened = call.session();
  if (!opened.ok) return opened;
  for (const uri of wanted) {
    const target = targetOf(call, uri);
    const roster = await opened.session.peers(target);
    if (!roster.ok) return roster;
    const isSeated = roster.streamName !== null && uri.streamName === null;
    const joined = isSeated ? roster : await opened.session.join(target);
    if (!joined.ok) return joined;
  }
  return { ok: true, session: opened.session };
}

function targetOf({ link, signal }: Call, { conversationId, streamName }: ConversationUri) {
  const isBound = link !== null && link.conversationId === conversationId;
  return {
    signal,
    ...(isBound ? { link: link.magicLink } : { conversationId }),
    ...(streamName === null ? {} : { streamName }),
  };
}

function conversationsOf(wanted: readonly ConversationUri[]): readonly string[] {
  return [...new Set(wanted.map(({ conversationId }) => conversationId))];
}

function refuseListen(body: unknown, message: string): Response {
  const id = typeof body === "object" && body !== null && "id" in body ? body.id : null;
  const error = { code: ProtocolErrorCode.InvalidParams, message };
  return Response.json({ jsonrpc: "2.0", id, error });
}

/** The SDK's source of change events, fed by seats. */
class SeatBus implements ServerEventBus {
  readonly #uris: readonly string[];
  readonly #listeners = new Set<(event: ServerEvent) => void>();

  constructor(uris: readonly string[]) {
    this.#uris = uris;
  }

  /** Each resource that it changes is told of; the event itself goes with the conversation's own. The bytes of it; 0 when it changes none. */
  tell(event: PushEvent): number {
    const changed = changedBy(event);
    const wanted = this.#uris
      .map((uri) => ({ uri, plain: uri.split("?")[0] ?? "" }))
      .filter(({ plain }) => changed.includes(plain));
    const notice = noticeOf(event);
    let bytes = 0;
    for (const { uri, plain } of wanted) {
      const isOwn = !plain.endsWith("/peers");
      const params = isOwn ? { _meta: { [NOTICE_KEY]: notice } } : {};
      this.publish({ kind: "resource_updated", uri, params });
      bytes += uri.length + (isOwn ? bytesOf(notice) : 0);
    }
    return bytes;
  }

  publish(event: ServerEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  subscribe(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
