/** Events as `--json` prints them: the wire's names, one object a line, text exactly as it came. */
import type { AmsEvent, Conversation, Peer, StreamIdentity } from "@ams/client";

export type EventJson = Readonly<Record<string, unknown>> & { readonly type: string };

export function eventJson(event: AmsEvent): EventJson {
  const { type } = event;
  switch (event.type) {
    case "token":
      return {
        type,
        ...identity(event),
        ts: event.ts,
        seq: event.seq,
        ...(event.replay && { replay: true }),
        data: event.data,
      };
    case "stream_joined":
      return { type, ...peerJson(event), ts: event.ts };
    case "stream_left":
    case "stream_ended":
      return { type, ...identity(event), ts: event.ts, ...(event.seq && { seq: event.seq }) };
    case "stream_metadata":
      return {
        type,
        ...peerJson(event),
        ts: event.ts,
        seq: event.seq,
        ...(event.replay && { replay: true }),
      };
    case "joined":
      return {
        type,
        conversation_id: event.conversationId,
        ...peerJson(event),
        conversation_metadata: event.conversationMetadata,
        resumed: event.resumed,
        reconnected: event.reconnected,
        ts: event.ts,
        peers: event.peers.map(peerJson),
      };
    case "replayed": {
      const { streamId, streamName, from, to, data } = event;
      return { type, stream_id: streamId, stream_name: streamName, from, to, data };
    }
    case "cursor":
      return { type, cursor: event.cursor };
    case "live":
      return { type, cursor: event.cursor, complete: event.complete };
    case "gap": {
      const { streamId, streamName, after, before, missing, reason } = event;
      return {
        type,
        stream_id: streamId,
        stream_name: streamName,
        after,
        before,
        missing,
        reason,
      };
    }
    case "reconnecting":
      return {
        type,
        attempt: event.attempt,
        delay_ms: Math.round(event.delayMs),
        cause: event.cause.code,
      };
    case "roster":
      return { type, peer_count: event.peerCount, ts: event.ts };
    case "draining":
      return { type, reconnect_after_ms: event.reconnectAfterMs };
    case "notice":
      return { type, level: event.level, text: event.text };
    case "closed":
      return { type, error: event.error?.code ?? null };
  }
}

export function peerJson(peer: Peer) {
  return { ...identity(peer), metadata: peer.metadata };
}

export function conversationJson(conversation: Conversation) {
  const { conversationId, namespace, alias, idKind, metadata, expiresAt, createdAt } = conversation;
  return {
    conversation_id: conversationId,
    namespace,
    alias,
    id_kind: idKind,
    metadata,
    expires_at: expiresAt,
    created_at: createdAt,
  };
}

function identity({ streamId, streamName, ownerAccountId, peerIdentity }: StreamIdentity) {
  return {
    stream_id: streamId,
    stream_name: streamName,
    owner_account_id: ownerAccountId,
    ...(peerIdentity === undefined ? {} : { peer_identity: peerIdentity }),
  };
}
