/** The frames that a server sends, as text (§4.5). Each function writes one; no other file spells a field name. */
import type { Gap, Joined, Peer, StreamIdentity } from "./frames.ts";
import { type JsonText, joinMembers, toJsonText } from "./json.ts";
import { formatSeq } from "./seq.ts";

export const PONG = '{"type":"pong"}';

export function encodeJoined(joined: Joined): string {
  const { stream } = joined;
  const peers = Array.from(joined.peers, encodePeer).join(",");
  const head = withoutBraces({
    type: toJsonText("joined"),
    conversation_id: toJsonText(joined.conversation_id),
    ...identityMembers(stream),
    metadata: stream.metadata,
    conversation_metadata: joined.conversation_metadata,
    self_subscribe: toJsonText(joined.self_subscribe),
    resumed: joined.resumed ? toJsonText(true) : undefined,
    subscribed_streams: optional(joined.subscribed_streams),
    ts: toJsonText(joined.ts),
    epoch: toJsonText(joined.epoch),
  });
  return `{${head},"peers":[${peers}]}`;
}

export function encodeStreamJoined(peer: Peer, ts: string): string {
  return joinMembers({
    type: toJsonText("stream_joined"),
    ...identityMembers(peer),
    metadata: peer.metadata,
    ts: toJsonText(ts),
  });
}

/** `seq` is the stream's last, null when the broker doesn't know it. */
export function encodeStreamLeft(stream: StreamIdentity, ts: string, seq: string | null): string {
  return joinMembers({
    type: toJsonText("stream_left"),
    ...identityMembers(stream),
    ts: toJsonText(ts),
    seq: optional(seq),
  });
}

/**
 * The constant beginning of every token frame of one stream, up to the value of `ts`.
 * A whole frame is: this, the time, `SEQ_KEY`, the seq, `DATA_KEY`, the raw data, a brace.
 */
export function encodeTokenHead(stream: StreamIdentity): string {
  const head = withoutBraces({ type: toJsonText("token"), ...identityMembers(stream) });
  return `{${head},"ts":"`;
}

export const SEQ_KEY = '","seq":"';
export const DATA_KEY = '","data":';

export function encodeStreamMetadata(
  stream: StreamIdentity,
  metadata: JsonText,
  ts: string,
  seq: { readonly epoch: number; readonly n: number },
): string {
  return joinMembers({
    type: toJsonText("stream_metadata"),
    ...identityMembers(stream),
    metadata,
    ts: toJsonText(ts),
    seq: toJsonText(formatSeq(seq.epoch, seq.n)),
  });
}

export function encodeGap(gap: Gap): string {
  return joinMembers({
    type: toJsonText("x_gap"),
    stream_id: toJsonText(gap.stream_id),
    after: toJsonText(gap.after),
    before: toJsonText(gap.before),
    reason: toJsonText(gap.reason),
  });
}

export function encodeReceipt(seq: string, ts: string): string {
  return `{"type":"x_receipt","seq":"${seq}","ts":"${ts}"}`;
}

export function encodeDrain(reconnectAfterMs: number): string {
  return `{"type":"x_drain","reconnect_after_ms":${reconnectAfterMs}}`;
}

/** A peer as `joined` lists it. */
export function encodePeer(peer: Peer): JsonText {
  return joinMembers({ ...identityMembers(peer), metadata: peer.metadata });
}

function identityMembers(stream: StreamIdentity) {
  return {
    stream_id: toJsonText(stream.stream_id),
    stream_name: toJsonText(stream.stream_name),
    owner_account_id: toJsonText(stream.owner_account_id),
    peer_identity: stream.peer_identity ?? undefined,
  };
}

function optional(value: string | readonly string[] | null): JsonText | undefined {
  return value === null ? undefined : toJsonText(value);
}

function withoutBraces(members: Readonly<Record<string, JsonText | undefined>>): string {
  return joinMembers(members).slice(1, -1);
}
