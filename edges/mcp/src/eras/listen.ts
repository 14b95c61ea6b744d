/**
 * `subscriptions/listen` of the stateless era: a conversation's events as updates of its resource.
 * The SDK's stream is fed by a bus that is this caller's alone, so that nobody hears of a
 * conversation that they are not in.
 */
import {
  type Failure,
  failure,
  type Named,
  type PushEvent,
  type Result,
  type Session,
} from "@ams/edge";
import {
  createMcpHandler,
  type McpHttpHandler,
  ProtocolErrorCode,
  type ServerEvent,
  type ServerEventBus,
} from "@modelcontextprotocol/server";
import { bytesOf, noticeOf } from "../push/notices.ts";
import { Push } from "../push/push.ts";
import { careForStream } from "../push/sse.ts";
import { isChanged, NOTICE_KEY } from "../push/updates.ts";
import type { Call } from "../request/call.ts";
import type { StatelessRequest } from "../request/envelope.ts";
import type { Parts } from "../request/parts.ts";
import {
  type ConversationUri,
  readConversationUri,
  SUBSCRIPTIONS_MAX,
} from "../server/resources.ts";
import { createServer } from "../server/server.ts";
import { targetOf as toolTarget } from "../tools/fields.ts";

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
  const found = await subscriptionsFor(call, described.uris);
  if (!found.ok) return refuseListen(body, found);
  const { session, subscriptions } = found;
  const bus = new SubscriptionBus();
  const handler = createMcpHandler(
    () => createServer(parts, { link: call.link, callOf: () => call }),
    { legacy: "reject", keepAliveMs: 0, bus },
  );
  const pushes = subscriptions.map((subscription) => {
    const push = (event: PushEvent) => bus.notify(event, subscription);
    return { subscription, push: new Push({ push, ended: () => void handler.close() }) };
  });
  listens.add(handler);
  const response = await handler.fetch(request, { parsedBody: body });
  const cared = careForStream(response, {
    greet: false,
    signal: request.signal,
    keepAliveMs: parts.keepAliveMs,
    onTaken: (bytes) => {
      for (const { push } of pushes) push.taken(bytes);
    },
    onEnd: () => {
      for (const { push } of pushes) push.stop();
      listens.delete(handler);
    },
  });
  const isHeard = pushes.every(({ subscription: { conversationId, streamName }, push }) => {
    const path = `listen ${conversationId} ${streamName}`;
    return session !== null && push.start(session, { path, conversationId, streamName });
  });
  if (isHeard) return cared;
  // Better no stream than one that hears nothing.
  await cared.body?.cancel();
  return refuseListen(body, failure("too_many_listeners"));
}

/** A durable subscription whose events are sent, and the URIs that they name. */
type Listened = {
  readonly conversationId: string;
  readonly streamName: string;
  readonly handle: string;
  readonly uris: readonly string[];
};

type Subscriptions =
  | {
      readonly ok: true;
      readonly session: Session | null;
      readonly subscriptions: readonly Listened[];
    }
  | Failure;

/** Who listens is in the conversation, as who reads is: with its link it has a subscription. */
async function subscriptionsFor(call: Call, uris: readonly string[]): Promise<Subscriptions> {
  const wanted = uris.flatMap((uri) => {
    const read = readConversationUri(uri);
    return read === null ? [] : [{ uri, read }];
  });
  if (wanted.length > SUBSCRIPTIONS_MAX) return failure("too_many_listeners");
  if (wanted.length === 0) return { ok: true, session: null, subscriptions: [] };
  const handle = wanted.find(({ read }) => read.handle !== null)?.read.handle ?? null;
  const isNamed = (uri: ConversationUri) =>
    uri.handle !== null || (call.who.kind === "account" && uri.streamName !== null);
  // What shows the roster alone goes with the one that says who listens.
  if (!wanted.some(({ read }) => isNamed(read))) return failure("handle_required");
  const opened = call.session(handle);
  if (!opened.ok) return opened;
  const subscriptions = new Map<string, Listened>();
  const who = wanted.find(({ read }) => isNamed(read))?.read ?? null;
  for (const { uri, read } of wanted) {
    const asked = isNamed(read) || who?.conversationId !== read.conversationId ? read : who;
    const joined = await subscriptionOf(opened.session, call, asked);
    if (!joined.ok) return joined;
    const { conversationId, streamName, handle } = joined;
    const key = `${conversationId} ${streamName}`;
    const before = subscriptions.get(key)?.uris ?? [];
    subscriptions.set(key, {
      conversationId,
      streamName,
      handle,
      uris: [...new Set([...before, uri])],
    });
  }
  return { ok: true, session: opened.session, subscriptions: [...subscriptions.values()] };
}

/** The subscription that the URI names by handle or name, and none that was left. */
function subscriptionOf(
  session: Session,
  call: Call,
  uri: ConversationUri,
): Promise<Result<Named>> {
  return session.join({ ...targetOf(call, uri), toListen: true });
}

function targetOf(call: Call, { conversationId, streamName, handle }: ConversationUri) {
  return toolTarget(call, {
    conversation_id: conversationId,
    ...(streamName === null ? {} : { stream_name: streamName }),
    ...(handle === null ? {} : { handle }),
  });
}

/** With the fault's name in `data`, as tools answer it. */
function refuseListen(body: unknown, { fault, message }: Failure): Response {
  const id = typeof body === "object" && body !== null && "id" in body ? body.id : null;
  const error = { code: ProtocolErrorCode.InvalidParams, message, data: { error: fault, message } };
  return Response.json({ jsonrpc: "2.0", id, error });
}

/** The SDK's source of change events, fed by subscriptions. */
class SubscriptionBus implements ServerEventBus {
  readonly #listeners = new Set<(event: ServerEvent) => void>();

  /**
   * Each of a subscription's resources that it changes is reported; the event itself goes with the
   * conversation's own. The bytes of it; 0 when it changes none.
   */
  notify(event: PushEvent, subscription: Listened): number {
    const notice = noticeOf(event);
    let bytes = 0;
    for (const uri of subscription.uris.filter((one) => isChanged(one, event, subscription))) {
      const isOwn = !readConversationUri(uri)?.isPeers;
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
