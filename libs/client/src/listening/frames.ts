/**
 * The frames of a server, from their text (§4.5). Frames of a type that this SDK doesn't know are
 * passed over (§4.2).
 */
import type { ServerFrameMember, ServerFrame as WireFrame } from "@ams/protocol";
import { AmsError } from "../errors.ts";
import { fieldsOf, isFields, listAt, numberAt, objectAt, textAt, textOrNullAt } from "../fields.ts";
import type {
  JoinedEvent,
  Kept,
  NoticeEvent,
  Peer,
  ReplayedEvent,
  StreamIdentity,
  StreamJoinedEvent,
  StreamLeftEvent,
  StreamMetadataEvent,
  TokenEvent,
} from "./events.ts";
import { isPeerIdentity } from "./events.ts";

/** `joined`, before it is known whether it is the first. */
export type JoinedFrame = Omit<JoinedEvent, "reconnected" | "replays">;

export type GapFrame = {
  readonly type: "x_gap";
  readonly streamId: string;
  readonly after: string | null;
  readonly before: string | null;
  readonly reason: string;
};

/**
 * Proof that the broker took a frame: its position in the stream, and the broker's clock (§4.8).
 */
export type Receipt = { readonly seq: string; readonly ts: string };

/** The protocol's frames in the SDK's spelling; it does not compile when one has no entry here. */
type Frames = {
  readonly joined: JoinedFrame;
  readonly stream_joined: StreamJoinedEvent;
  readonly stream_left: StreamLeftEvent & Kept;
  readonly stream_metadata: StreamMetadataEvent;
  readonly token: TokenEvent;
  readonly x_gap: GapFrame;
  readonly pong: { readonly type: "pong" };
  readonly x_receipt: { readonly type: "x_receipt" } & Receipt;
  readonly x_roster: {
    readonly type: "x_roster";
    readonly peerCount: number;
    readonly ts: string;
  };
  readonly x_cursor: { readonly type: "x_cursor"; readonly cursor: string };
  readonly x_live: { readonly type: "x_live"; readonly cursor: string; readonly complete: boolean };
  readonly x_assembled: Omit<ReplayedEvent, "type"> & { readonly type: "x_assembled" };
  readonly x_drain: { readonly type: "x_drain"; readonly reconnectAfterMs: number };
  readonly x_notice: Omit<NoticeEvent, "type"> & { readonly type: "x_notice" };
};

export type ServerFrame = Frames[WireFrame["type"]];

type CamelCase<Name> = Name extends `${infer Head}_${infer Rest}`
  ? `${Head}${Capitalize<CamelCase<Rest>>}`
  : Name;

/** Members of the protocol's frames that the SDK's frames lack. */
type Missing = {
  [Type in WireFrame["type"]]: Exclude<
    CamelCase<keyof Extract<WireFrame, { readonly type: Type }>>,
    keyof Frames[Type]
  >;
}[WireFrame["type"]];

// This line doesn't compile when there is one.
true satisfies [Missing] extends [never] ? true : Missing;

/** A parsed frame, of which only the names of its members are known. */
type WireFields = Readonly<Partial<Record<ServerFrameMember, unknown>>>;

/**
 * The frame, or null when its type is unknown. Throws `unexpected_answer` when it breaks the
 * protocol.
 */
export function readServerFrame(text: string): ServerFrame | null {
  const fields = parse(text);
  const type = textAt(fields, "type");
  switch (type) {
    case "token":
      return {
        type,
        ...identity(fields),
        ...position(fields),
        ...keptOf(fields),
        data: textAt(fields, "data"),
      };
    case "stream_metadata":
      return { type, ...peer(fields), ...position(fields), ...keptOf(fields) };
    case "stream_joined":
      return { type, ...peer(fields), ts: textAt(fields, "ts") };
    case "stream_left":
      return {
        type,
        ...identity(fields),
        ts: textAt(fields, "ts"),
        ...optionalSeq(fields),
        ...keptOf(fields),
      };
    case "joined":
      return joined(fields);
    case "pong":
      return { type };
    case "x_gap":
      return gap(fields);
    case "x_receipt":
      return { type, ...position(fields) };
    case "x_roster":
      return { type, peerCount: numberAt(fields, "peer_count"), ts: textAt(fields, "ts") };
    case "x_cursor":
      return { type, cursor: textAt(fields, "cursor") };
    case "x_live":
      return { type, cursor: textAt(fields, "cursor"), complete: fields.complete === true };
    case "x_assembled":
      return assembled(fields);
    case "x_drain":
      return { type, reconnectAfterMs: numberAt(fields, "reconnect_after_ms") };
    case "x_notice":
      return { type, level: levelAt(fields), text: textAt(fields, "text") };
    default:
      return null;
  }
}

/** A stream as a roster lists it. */
export function peer(fields: WireFields): Peer {
  return { ...identity(fields), metadata: objectAt(fields, "metadata") };
}

function parse(text: string): WireFields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch (cause) {
    throw new AmsError("unexpected_answer", "The deployment sent a frame that can't be read.", {
      cause,
    });
  }
}

function identity(fields: WireFields): StreamIdentity {
  const peerIdentity = fields.peer_identity;
  return {
    streamId: textAt(fields, "stream_id"),
    streamName: textAt(fields, "stream_name"),
    ownerAccountId: textAt(fields, "owner_account_id"),
    ...(isPeerIdentity(peerIdentity) ? { peerIdentity } : {}),
  };
}

/** A level that this SDK doesn't know is as the least of them. */
function levelAt({ level }: WireFields): NoticeEvent["level"] {
  return level === "warning" || level === "error" ? level : "info";
}

function position(fields: WireFields): Receipt {
  return { seq: textAt(fields, "seq"), ts: textAt(fields, "ts") };
}

function optionalSeq(fields: WireFields): { readonly seq?: string } {
  const seq = textOrNullAt(fields, "seq");
  return seq === null ? {} : { seq };
}

function keptOf({ replay, cursor }: WireFields): Kept {
  const place = typeof cursor === "string" ? { cursor } : {};
  return replay === true ? { replay, ...place } : place;
}

function assembled(fields: WireFields): ServerFrame {
  return {
    type: "x_assembled",
    streamId: textAt(fields, "stream_id"),
    streamName: textAt(fields, "stream_name"),
    from: textAt(fields, "from"),
    to: textAt(fields, "to"),
    data: listAt(fields, "data").map(String),
  };
}

/** What the conversation keeps, and the place in it. */
function replayOf({ replay, cursor }: WireFields): Pick<JoinedFrame, "replay" | "cursor"> {
  if (typeof cursor !== "string" || !isFields(replay)) return {};
  return { replay: { ttlS: Number(replay.ttl_s), maxBytes: Number(replay.max_bytes) }, cursor };
}

function joined(fields: WireFields): JoinedFrame {
  const selection = fields.subscribed_streams;
  return {
    type: "joined",
    ...peer(fields),
    conversationId: textAt(fields, "conversation_id"),
    conversationMetadata: objectAt(fields, "conversation_metadata"),
    selfSubscribe: fields.self_subscribe === true,
    subscribedStreams: Array.isArray(selection) ? selection.map(String) : null,
    resumed: fields.resumed === true,
    readOnly: fields.read_only === true,
    ...replayOf(fields),
    ...(typeof fields.peer_count === "number" ? { peerCount: fields.peer_count } : {}),
    epoch: numberAt(fields, "epoch"),
    ts: textAt(fields, "ts"),
    peers: listAt(fields, "peers").map((item) => peer(fieldsOf(item))),
  };
}

function gap(fields: WireFields): GapFrame {
  return {
    type: "x_gap",
    streamId: textAt(fields, "stream_id"),
    after: textOrNullAt(fields, "after"),
    before: textOrNullAt(fields, "before"),
    reason: textAt(fields, "reason"),
  };
}
