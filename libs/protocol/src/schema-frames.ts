/**
 * The frames of the wire as schemas (§4), for cold edges, tests and the AsyncAPI document. The hot
 * path uses `parse.ts`, and a property test holds the two to the same answer on every text.
 */
import { z } from "zod";
import { NOTICE_LEVELS, type ServerFrame } from "./frames.ts";
import { ACCOUNT_ID, CONVERSATION_ID, STREAM_ID, STREAM_NAME } from "./ids.ts";
import { readMembers, utf8Bytes } from "./json.ts";
import {
  FRAME_JSON_TOKENS_MAX,
  JSON_DEPTH_MAX,
  METADATA_BYTES_MAX,
  NOTICE_CHARACTERS_MAX,
  OTHER_FRAME_BYTES_MAX,
  TOKEN_BYTES_MAX,
  TOKEN_FRAME_BYTES_MAX,
} from "./limits.ts";
import { isExtension } from "./parse.ts";

export const accountId = z.string().regex(ACCOUNT_ID);
export const conversationId = z.string().regex(CONVERSATION_ID);
export const streamId = z.string().regex(STREAM_ID);
export const streamName = z.string().regex(STREAM_NAME);
export const timestamp = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
export const cursor = z.string().regex(/^[0-9A-Za-z_-]{1,64}$/);
export const seq = z.string().regex(/^\d{1,15}-\d{1,15}$/);

/**
 * Any JSON object: the broker knows no key of it. (An object schema of zod's would lose the key
 * `__proto__`.)
 */
export const jsonObject = z
  .unknown()
  .refine(isObject, { error: "is not a JSON object", abort: true })
  .meta({ type: "object" });

/** Metadata of at most `METADATA_BYTES_MAX` bytes of compact JSON (§2.3.3). */
export const metadata = jsonObject.refine(
  (value) => utf8Bytes(JSON.stringify(value)) <= METADATA_BYTES_MAX,
  { error: `is larger than ${METADATA_BYTES_MAX} bytes of compact JSON` },
);

export const peerIdentity = z.looseObject({
  kind: z.enum(["agent", "human"]),
  model: z.string().optional(),
  client: z.string().optional(),
});

const tokenOfClient = z.object({
  type: z.literal("token"),
  data: z.string().refine((data) => utf8Bytes(data) <= TOKEN_BYTES_MAX, {
    error: `is larger than ${TOKEN_BYTES_MAX} bytes`,
  }),
});
const ping = z.object({ type: z.literal("ping") });
const extension = z.object({ type: z.string().startsWith("x_") });

/** A client's frame as a value, such as a client library is about to send. */
export const clientFrame = z
  .union([tokenOfClient, z.object({ type: z.literal("set_metadata"), metadata }), ping, extension])
  .refine(isWithinDepth, { error: `is nested deeper than ${JSON_DEPTH_MAX} levels` });

const clientFrameWithoutSize = z.union([
  tokenOfClient,
  z.object({ type: z.literal("set_metadata"), metadata: jsonObject }),
  ping,
  extension,
]);

/**
 * A client's frame as the text of its message. Metadata counts as it is written: every digit, and
 * doubled keys twice.
 */
export const clientFrameText = z.string().transform((text, context) => {
  if (isExtension(new TextEncoder().encode(text))) return { type: "x_" };
  const members = readMembers(text, FRAME_JSON_TOKENS_MAX);
  const result = clientFrameWithoutSize.safeParse(members === null ? null : JSON.parse(text));
  const type = result.data?.type;
  const tooLarge =
    utf8Bytes(text) > (type === "token" ? TOKEN_FRAME_BYTES_MAX : OTHER_FRAME_BYTES_MAX) ||
    (type === "set_metadata" && (members?.get("metadata")?.bytes ?? 0) > METADATA_BYTES_MAX);
  if (result.success && !tooLarge) return result.data;
  context.addIssue("is not a frame that a client may send");
  return z.NEVER;
});

const identity = {
  stream_id: streamId,
  stream_name: streamName,
  owner_account_id: accountId,
  peer_identity: peerIdentity.optional(),
};

const kept = { replay: z.literal(true).optional(), cursor: cursor.optional() };

export const peer = z.object({ ...identity, metadata: jsonObject });

export const joinedFrame = z.object({
  type: z.literal("joined"),
  conversation_id: conversationId,
  ...identity,
  metadata: jsonObject,
  conversation_metadata: jsonObject,
  self_subscribe: z.boolean(),
  resumed: z.literal(true).optional(),
  read_only: z.literal(true).optional(),
  subscribed_streams: z.array(streamId).optional(),
  ts: timestamp,
  epoch: z.int().positive(),
  peers: z.array(peer),
  peer_count: z.int().min(0).optional(),
  replay: z.object({ ttl_s: z.int().positive(), max_bytes: z.int().positive() }).optional(),
  cursor: cursor.optional(),
});

export const streamJoinedFrame = z.object({
  type: z.literal("stream_joined"),
  ...identity,
  metadata: jsonObject,
  ts: timestamp,
});

export const streamLeftFrame = z.object({
  type: z.literal("stream_left"),
  ...identity,
  ...kept,
  ts: timestamp,
  seq: seq.optional(),
});

export const streamMetadataFrame = z.object({
  type: z.literal("stream_metadata"),
  ...identity,
  ...kept,
  metadata: jsonObject,
  ts: timestamp,
  seq,
});

export const tokenFrame = z.object({
  type: z.literal("token"),
  ...identity,
  ...kept,
  ts: timestamp,
  seq,
  data: z.string(),
});

export const pongFrame = z.object({ type: z.literal("pong") });

export const gapFrame = z.object({
  type: z.literal("x_gap"),
  stream_id: streamId,
  after: seq.nullable(),
  before: seq.nullable(),
  reason: z.string(),
});

export const receiptFrame = z.object({ type: z.literal("x_receipt"), seq, ts: timestamp });

export const rosterFrame = z.object({
  type: z.literal("x_roster"),
  peer_count: z.int().min(0),
  ts: timestamp,
});

export const cursorFrame = z.object({ type: z.literal("x_cursor"), cursor });

export const liveFrame = z.object({ type: z.literal("x_live"), cursor, complete: z.boolean() });

export const assembledFrame = z.object({
  type: z.literal("x_assembled"),
  stream_id: streamId,
  stream_name: streamName,
  from: seq,
  to: seq,
  data: z.array(z.string()),
});

export const drainFrame = z.object({
  type: z.literal("x_drain"),
  reconnect_after_ms: z.int().nonnegative(),
});

export const noticeFrame = z.object({
  type: z.literal("x_notice"),
  level: z.enum(NOTICE_LEVELS),
  text: z.string().min(1).max(NOTICE_CHARACTERS_MAX),
});

/**
 * A server's frame. Unknown members are dropped from the result, as a client ignores them (§4.2).
 */
export const serverFrame = z.discriminatedUnion("type", [
  joinedFrame,
  streamJoinedFrame,
  streamLeftFrame,
  streamMetadataFrame,
  tokenFrame,
  pongFrame,
  gapFrame,
  receiptFrame,
  rosterFrame,
  drainFrame,
  noticeFrame,
  cursorFrame,
  liveFrame,
  assembledFrame,
]);

type Flat<Value> = Value extends readonly (infer Item)[]
  ? readonly Flat<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Flat<Value[Key]> }
    : Value;
type IsSame<One, Other> =
  (<Value>() => Value extends Flat<One> ? 1 : 2) extends <Value>() => Value extends Flat<Other>
    ? 1
    : 2
    ? true
    : false;

// The schema and the type of `frames.ts` are the same: this line doesn't compile when they differ.
true satisfies IsSame<z.infer<typeof serverFrame>, ServerFrame>;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True when no array or object in the value lies deeper than `JSON_DEPTH_MAX` levels. */
function isWithinDepth(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= JSON_DEPTH_MAX; depth += 1) {
    level = level.filter((item) => typeof item === "object" && item !== null);
    if (level.length === 0) return true;
    level = level.flatMap((item) => Object.values(item ?? {}));
  }
  return false;
}
