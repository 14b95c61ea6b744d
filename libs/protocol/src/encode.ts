/**
 * The frames that a server sends, as text (§4.5). Each function writes one; no other file spells a
 * field name.
 */
import type {
  Assembled,
  Gap,
  GapFrame,
  Joined,
  JoinedFrame,
  NoticeLevel,
  Peer,
  ServerFrame,
  StreamIdentity,
} from "./frames.ts";
import { type JsonText, joinMembers, toJsonText, trustJsonText } from "./json.ts";
import type { ReplayTerms } from "./replay.ts";
import { formatSeq } from "./seq.ts";

/** The members of a frame as JSON text. */
type Written<Frame> = { readonly [Member in keyof Frame]: JsonText | undefined };

export const PONG = `${opening("pong")}}`;

export function encodeJoined(joined: Joined): string {
  const { stream } = joined;
  const { peers: all } = joined;
  let peers = "";
  if (typeof all !== "number")
    for (const peer of all) peers += peers === "" ? encodePeer(peer) : `,${encodePeer(peer)}`;
  const head = `${opening("joined")},"conversation_id":"${joined.conversation_id}"`;
  const rest = withoutBraces({
    conversation_metadata: joined.conversation_metadata,
    self_subscribe: toJsonText(joined.self_subscribe),
    resumed: joined.resumed ? toJsonText(true) : undefined,
    read_only: joined.read_only ? toJsonText(true) : undefined,
    subscribed_streams: optional(joined.subscribed_streams),
    ts: toJsonText(joined.ts),
    epoch: toJsonText(joined.epoch),
    replay: joined.kept === null ? undefined : encodeTerms(joined.kept.replay),
    cursor: optional(joined.kept?.cursor ?? null),
    peer_count: typeof all === "number" ? toJsonText(all) : undefined,
  } satisfies Omit<Written<JoinedFrame>, keyof Peer | "type" | "conversation_id" | "peers">);
  return `${head},${peerMembers(stream)},${rest},"peers":[${peers}]}`;
}

export function encodeStreamJoined(peer: Peer, ts: string): string {
  return `${opening("stream_joined")},${peerMembers(peer)},"ts":"${ts}"}`;
}

/** `seq` is the stream's last, null when the broker doesn't know it. */
export function encodeStreamLeft(stream: StreamIdentity, ts: string, seq: string | null): string {
  const last = seq === null ? "" : `,"seq":"${seq}"`;
  return `${opening("stream_left")},${identityMembers(stream)},"ts":"${ts}"${last}}`;
}

/**
 * The constant beginning of every token frame of one stream, up to the value of `ts`.
 * A whole frame is: this, the time, `SEQ_KEY`, the seq, `DATA_KEY`, the raw data, a brace.
 */
export function encodeTokenHead(stream: StreamIdentity): string {
  return `${opening("token")},${identityMembers(stream)},"ts":"`;
}

export const SEQ_KEY = '","seq":"';
export const DATA_KEY = '","data":';

export function encodeStreamMetadata(
  stream: StreamIdentity,
  metadata: JsonText,
  ts: string,
  seq: { readonly epoch: number; readonly n: number },
): string {
  const members = `${identityMembers(stream)},"metadata":${metadata}`;
  return `${opening("stream_metadata")},${members},"ts":"${ts}","seq":"${formatSeq(seq.epoch, seq.n)}"}`;
}

export function encodeGap(gap: Gap): string {
  return joinMembers({
    type: toJsonText("x_gap"),
    stream_id: toJsonText(gap.stream_id),
    after: toJsonText(gap.after),
    before: toJsonText(gap.before),
    reason: toJsonText(gap.reason),
  } satisfies Written<GapFrame>);
}

export function encodeReceipt(seq: string, ts: string): string {
  return `${opening("x_receipt")},"seq":"${seq}","ts":"${ts}"}`;
}

export function encodeRoster(peerCount: number, ts: string): string {
  return `${opening("x_roster")},"peer_count":${peerCount},"ts":"${ts}"}`;
}

export function encodeCursor(cursor: string): string {
  return `${opening("x_cursor")},"cursor":"${cursor}"}`;
}

export function encodeLive(cursor: string, complete: boolean): string {
  return `${opening("x_live")},"cursor":"${cursor}","complete":${complete}}`;
}

export function encodeAssembled({ stream_id, stream_name, from, to, data }: Assembled): string {
  const stream = `"stream_id":"${stream_id}","stream_name":"${stream_name}"`;
  return `${opening("x_assembled")},${stream},"from":"${from}","to":"${to}","data":[${data.join(",")}]}`;
}

/** What a kept frame ends with instead of its brace. */
export const REPLAY_TAIL = ',"replay":true}';

/** The same on a connection that is served from the log; `isReplay` until it is live. */
export function cursorTail(cursor: string, isReplay: boolean): string {
  return `${isReplay ? ',"replay":true' : ""},"cursor":"${cursor}"}`;
}

export function encodeDrain(reconnectAfterMs: number): string {
  return `${opening("x_drain")},"reconnect_after_ms":${reconnectAfterMs}}`;
}

export function encodeNotice(level: NoticeLevel, text: string): string {
  return `${opening("x_notice")},"level":"${level}","text":${JSON.stringify(text)}}`;
}

/**
 * A peer as `joined` lists it. A roster of thousands is written at each join, so it is spliced and
 * not put together.
 */
export function encodePeer(peer: Peer): JsonText {
  return trustJsonText(`{${peerMembers(peer)}}`);
}

function encodeTerms({ ttl_s, max_bytes }: ReplayTerms): JsonText {
  return trustJsonText(`{"ttl_s":${ttl_s},"max_bytes":${max_bytes}}`);
}

function opening(type: ServerFrame["type"]): string {
  return `{"type":"${type}"`;
}

function peerMembers(peer: Peer): string {
  return `${identityMembers(peer)},"metadata":${peer.metadata}`;
}

/** Ids and names are of letters that JSON writes as they are (ids.ts). */
function identityMembers(stream: StreamIdentity): string {
  const { stream_id, stream_name, owner_account_id, peer_identity } = stream;
  const identity = `"stream_id":"${stream_id}","stream_name":"${stream_name}","owner_account_id":"${owner_account_id}"`;
  return peer_identity === null ? identity : `${identity},"peer_identity":${peer_identity}`;
}

function optional(value: string | readonly string[] | null): JsonText | undefined {
  return value === null ? undefined : toJsonText(value);
}

function withoutBraces(members: Readonly<Record<string, JsonText | undefined>>): string {
  return joinMembers(members).slice(1, -1);
}
