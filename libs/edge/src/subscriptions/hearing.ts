/** The SDK's events, as a subscription keeps them. */
import type { AmsEvent, Peer } from "@ams/client";
import type { Heard } from "./buffer.ts";

/** Bytes that an event is counted with beside its text: its object, names and ids. */
const EVENT_BYTES = 512;

/**
 * Null for what is no news to a subscription's readers: the connection's own comings and goings.
 */
export function heardOf(event: AmsEvent, conversationId: string): Heard | null {
  switch (event.type) {
    case "token": {
      const { type: kind, ...rest } = event;
      return { kind, conversationId, ...rest };
    }
    case "stream_metadata": {
      const { type: kind, ...rest } = event;
      return { kind, conversationId, ...rest };
    }
    case "stream_joined": {
      const { type: kind, ...rest } = event;
      return { kind, conversationId, ...rest };
    }
    case "stream_left": {
      const { type: kind, ...rest } = event;
      return { kind, conversationId, ...rest };
    }
    case "gap": {
      const { type: kind, ...rest } = event;
      return { kind, conversationId, ...rest };
    }
    case "joined":
    case "stream_ended":
    case "replayed":
    case "cursor":
    case "live":
    case "reconnecting":
    case "draining":
    case "roster":
    case "notice":
    case "closed":
      return null;
  }
}

/**
 * Who left and who came while a subscription was off the wire, so that its readers' roster stays
 * true (§5.6).
 */
export function heardWhileAway(
  before: readonly Peer[],
  now: readonly Peer[],
  conversationId: string,
  ts: string,
): readonly Heard[] {
  const isIn = (peers: readonly Peer[], id: string) => peers.some((peer) => peer.streamId === id);
  const left = before.filter((peer) => !isIn(now, peer.streamId));
  const came = now.filter((peer) => !isIn(before, peer.streamId));
  return [
    ...left.map(({ metadata: _, ...stream }): Heard => {
      return { kind: "stream_left", conversationId, ...stream, ts };
    }),
    ...came.map((peer): Heard => ({ kind: "stream_joined", conversationId, ...peer, ts })),
  ];
}

/** Something may be lost here: how much is not known. */
export function away(conversationId: string): Heard {
  return {
    kind: "gap",
    conversationId,
    streamId: null,
    streamName: null,
    after: null,
    before: null,
    missing: null,
    reason: "away",
  };
}

/** What an event costs the buffer, in bytes. */
export function bytesOf(event: Heard): number {
  switch (event.kind) {
    case "token":
      return EVENT_BYTES + Buffer.byteLength(event.data);
    case "stream_metadata":
    case "stream_joined":
      return EVENT_BYTES + Buffer.byteLength(JSON.stringify(event.metadata));
    case "stream_left":
    case "gap":
      return EVENT_BYTES;
  }
}
