/**
 * What each member of a body means, in a sentence, wherever it is: for the OpenAPI document and
 * its page.
 */
import { z } from "@hono/zod-openapi";

const MEMBERS: Readonly<Record<string, string>> = {
  account_id: "Names the account permanently.",
  accounts_per_minute: "Account creations tried per minute and address; 0 is no limit.",
  action: "What was done.",
  actor: "By whom: credential, the id of a key, or operator.",
  at: "When it was done, UTC.",
  event_id: "Rises from one event to the next.",
  deliveries: "Frames handed to sockets, one for each socket.",
  deliveries_per_second: "Deliveries per second that those frames cause; 0 is no limit.",
  events: "The page, the newest first.",
  request_id: "The request by which it was done, as its answer has it in X-Request-Id.",
  target:
    "What it was done to: the id of a key, or an alias, with a link's id; null for the account.",
  alias: "Names the conversation in its namespace. Generated when it is absent, null or empty.",
  bytes_in: "Bytes of those tokens as they came.",
  bytes_out: "Bytes of those deliveries.",
  bytes_per_second: "Bytes per second that the account's streams send; 0 is no limit.",
  canonical_input:
    "Any JSON, from whose canonical form (RFC 8785) the id is made. Only with jcs-sha256.",
  conversation_id: "Names the conversation permanently.",
  connection_s: "Seconds of all its connections together.",
  conversations: "The page.",
  conversations_per_account: "Conversations that an account may have at a time; 0 is no limit.",
  created_at: "UTC, with milliseconds.",
  credential: "Opens the account. It is shown this once: keep it.",
  expires_at: "When the links stop admitting, UTC; null for never.",
  expires_in_s: "Seconds until the links stop admitting; live sockets stay. Absent for never.",
  features: "What is switched on here. Ignore what you don't know.",
  frames_per_second: "Frames per second that the account's streams send; 0 is no limit.",
  frame_bytes: "Bytes of one WebSocket message that still gets a documented close code.",
  grace_s:
    "Seconds for which earlier credentials stay alive; 0 ends them at once. Absent: until the new one is first used, 86,400 at most.",
  guests_per_account: "Guests that all conversations of an account may hold at a time, together.",
  hour: "When the hour began, UTC.",
  hours: "The hours with any use, the oldest first.",
  host: "The instance that answered.",
  id_kind: "How the conversation id is made: at random in time order, or from canonical_input.",
  invite: "An invite code, where the deployment asks for one.",
  joined_at: "When the stream joined, UTC. A takeover doesn't change it.",
  keep_connected: "True keeps the sockets that earlier links admitted.",
  joins: "Streams that count against its max_joins; null where there is no such limit.",
  keys_per_account: "Keys that an account may have.",
  key_id: "Names the key in its account.",
  keys: "The keys, the oldest first.",
  last_used_at: "When it was last used, UTC; null before any.",
  limits: "The limits in force.",
  link: "The terms of the link that was shown.",
  link_id: "Names the link in its conversation.",
  links: "The live links, the oldest first.",
  magic_link: "Whoever has it may join. Add /connect to its path to connect.",
  max_joins: "Streams that may ever join. Absent for any number.",
  max_bytes: "Bytes of kept frames, past which the oldest go.",
  metadata: "Any JSON object of at most 16 KiB, returned exactly as given.",
  metadata_bytes: "Bytes of compact JSON that one metadata object holds.",
  mints_per_minute: "Conversations minted per minute and account; 0 is no limit.",
  name: "What its owner calls it, 1 to 64 characters; null for nothing.",
  namespace: "Belongs to one account permanently: the first part of its links.",
  next_cursor: "Pass it back as cursor for the next page; null on the last.",
  ok: "True.",
  owner_account_id: "The account that holds the stream.",
  peak_streams: "The most streams at a time.",
  peer_identity: "What the peer says it is: kind, model, client. Not verified.",
  plan: "The plan whose limits hold where the account has none of its own; null for none.",
  read_only: "Whoever joins by it emits nothing.",
  replay:
    "What is kept for later readers: frames of the last ttl_s seconds, and max_bytes bytes of them. Null: nothing.",
  replay_bytes:
    "As a limit the largest max_bytes of replay, 0 for none; as use the bytes read of what is kept.",
  replay_ttl_s: "The largest ttl_s of replay; 0 where replay is not offered.",
  rotations_per_minute: "Rotations of a credential tried per minute and account; 0 is no limit.",
  scopes: "What it may do: full, mint, join, read.",
  stream_id: "Always the same for this conversation, account and stream name.",
  stream_metadata: "Metadata for the minter to connect with; checked and given back.",
  stream_name: "The minter's name in the conversation. Generated when it is absent, null or empty.",
  streams: "The live streams, the earliest first.",
  streams_per_account: "Streams that an account may hold at a time, in all conversations together.",
  subscribers_per_conversation: "Subscribers that a conversation may hold at a time.",
  tokens_in: "Tokens that its streams sent.",
  token_bytes: "Bytes of UTF-8 that one token's data holds.",
  ts: "The time here, UTC.",
  ttl_s: "Seconds for which a frame is kept.",
  use: "How much of each limit is used now, over all gateways; for keys that may read.",
  uses: "Connects that it admitted.",
  version: "The version of AMS that runs.",
};

/** The same schema, with a sentence at each member of it and of the objects listed in it. */
export function withSentences(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodType) {
    return z.array(withSentences(schema.element));
  }
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : null;
  if (inner instanceof z.ZodType) return withSentences(inner).optional();
  const present = schema instanceof z.ZodNullable ? schema.unwrap() : null;
  if (present instanceof z.ZodType) return withSentences(present).nullable();
  if (schema instanceof z.ZodUnion) {
    const options = schema.options.filter((option) => option instanceof z.ZodType);
    return z.union(options.map(withSentences));
  }
  if (!(schema instanceof z.ZodObject)) return schema;
  const members = Object.entries<z.ZodType>(schema.shape).map(([name, member]) => {
    const about = MEMBERS[name];
    const described = withSentences(member);
    return [name, about === undefined ? described : described.describe(about)];
  });
  return schema.extend(Object.fromEntries(members));
}
