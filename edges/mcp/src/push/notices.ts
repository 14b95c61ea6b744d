/**
 * What a subscription heard, in the words of this edge: the wire's field names, as an event, a
 * notification, or a frame of a list.
 */
import type { PeerIdentity } from "@ams/client";
import type { Joined, PushEvent, SubscriptionEvent } from "@ams/edge";

type Json = { readonly [key: string]: unknown };

/** A JSON-RPC notification without its envelope. */
export type Notice = { readonly method: string; readonly params: { [key: string]: unknown } };

/** The notification of one event; its params are the event's fields without `kind`. */
export function noticeOf(event: PushEvent): Notice {
  return { method: `notifications/ams/${event.kind}`, params: fieldsOf(event) };
}

/** Bytes of a notification beside its envelope, which every era and transport writes otherwise. */
export function bytesOf({ method, params }: Notice): number {
  return method.length + Buffer.byteLength(JSON.stringify(params));
}

/** One event of `ams_recv`. */
export function eventOf(event: SubscriptionEvent): Json {
  return { kind: event.kind, ...fieldsOf(event) };
}

type PeerOf = Joined["peers"][number];

export function peerOf(peer: PeerOf): Json {
  return { ...identityOf(peer), metadata: peer.metadata };
}

function fieldsOf(event: PushEvent): { [key: string]: unknown } {
  const conversation_id = event.conversationId;
  switch (event.kind) {
    case "closed": {
      const { code, reason, streamName } = event;
      return { conversation_id, stream_name: streamName, code, reason };
    }
    case "truncated":
      return { conversation_id, dropped: event.dropped, cursor: event.cursor };
    case "gap": {
      const { streamId, streamName, after, before, missing, reason, cursor } = event;
      const stream = { stream_id: streamId, stream_name: streamName };
      return { conversation_id, ...stream, after, before, missing, reason, cursor };
    }
    default:
      return {
        conversation_id,
        ...identityOf(event),
        ts: event.ts,
        ...contentOf(event),
        cursor: event.cursor,
      };
  }
}

type StreamEvent = Exclude<SubscriptionEvent, { readonly kind: "gap" | "truncated" }>;

function contentOf(event: StreamEvent): Json {
  switch (event.kind) {
    case "token":
      return { seq: event.seq, data: event.data };
    case "stream_metadata":
      return { seq: event.seq, metadata: event.metadata };
    case "stream_joined":
      return { metadata: event.metadata };
    case "stream_left":
      return event.seq === undefined ? {} : { seq: event.seq };
    default:
      return event satisfies never;
  }
}

type OfStream = {
  readonly streamId: string;
  readonly streamName: string;
  readonly ownerAccountId: string;
  readonly peerIdentity?: PeerIdentity;
};

function identityOf({ streamId, streamName, ownerAccountId, peerIdentity }: OfStream): Json {
  return {
    stream_id: streamId,
    stream_name: streamName,
    owner_account_id: ownerAccountId,
    ...(peerIdentity === undefined ? {} : { peer_identity: peerIdentity }),
  };
}
