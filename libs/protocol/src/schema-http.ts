/**
 * The bodies of the control plane as schemas (§2), for cold edges, tests and the OpenAPI document.
 */
import { z } from "zod";
import { CREDENTIAL, EVENT_TYPES, isNamespace, KEY_ID, LINK_ID, SCOPES, SLUG } from "./ids.ts";
import {
  CREDENTIAL_GRACE_S_MAX,
  EXPIRES_IN_S_MAX,
  KEY_NAME_CHARACTERS_MAX,
  KEYS_MAX,
  LINK_JOINS_MAX,
  LINK_NAME_CHARACTERS_MAX,
  LINKS_MAX,
  LIST_LIMIT_MAX,
  MAX_JOINS_MAX,
  REPLAY_BYTES_MIN,
  REPLAY_TTL_S_MAX,
  WEBHOOKS_MAX,
} from "./limits.ts";
import { parseMagicLink } from "./link.ts";
import { PROBLEMS } from "./problem.ts";
import {
  accountId,
  conversationId,
  jsonObject,
  metadata,
  peerIdentity,
  streamId,
  streamName,
  timestamp,
} from "./schema-frames.ts";

/** A namespace that may be asked for: well-formed and not reserved (§1.2). */
export const namespace = z
  .string()
  .regex(SLUG)
  .refine((text): boolean => isNamespace(text), { error: "is reserved" });
export const alias = z.string().regex(SLUG);
export const idKind = z.enum(["ulid", "jcs-sha256"]);
const count = z.int().nonnegative();
const linkId = z.string().regex(LINK_ID);
const credential = z.string().regex(CREDENTIAL);
const magicLink = z.string().refine((text) => parseMagicLink(text) !== null, {
  error: "is not a magic link",
});

export const problemBody = z.object({
  error: z.enum(Object.keys(PROBLEMS)),
  message: z.string().min(1),
});

export const createAccountBody = z.object({ namespace, invite: z.string().nullish() });

export const accountBody = z.object({
  account_id: accountId,
  namespace,
  created_at: timestamp,
  /** Of the credential that was shown (§2.2.9). */
  scopes: z.array(z.enum(SCOPES)).optional(),
  /** The name of the plan that holds, null for none (§2.10). */
  plan: z.string().nullable().optional(),
  /** What holds for this account, where it may differ from the deployment's. */
  limits: z
    .object({
      streams_per_account: count,
      guests_per_account: count.optional(),
      conversations_per_account: count.optional(),
      subscribers_per_conversation: count,
      keys_per_account: count.optional(),
      mints_per_minute: count.optional(),
      frames_per_second: count.optional(),
      bytes_per_second: count.optional(),
      deliveries_per_second: count.optional(),
      replay_bytes: count.optional(),
      replay_ttl_s: count.optional(),
    })
    .catchall(count)
    .optional(),
  /** How much of each limit is used now (§2.2.11). */
  use: z
    .object({
      streams_per_account: count,
      guests_per_account: count,
      conversations_per_account: count,
      keys_per_account: count,
      frames_per_second: count.optional(),
      bytes_per_second: count.optional(),
      deliveries_per_second: count.optional(),
    })
    .optional(),
});

export const accountCreatedBody = accountBody
  .omit({ limits: true, scopes: true, use: true, plan: true })
  .extend({ credential });

const scopes = z.array(z.enum(SCOPES)).min(1).max(SCOPES.length);

/** A key of an account (§2.2.8). */
export const createKeyBody = z.object({
  name: z.string().min(1).max(KEY_NAME_CHARACTERS_MAX),
  scopes,
  expires_in_s: z.int().min(1).max(EXPIRES_IN_S_MAX).nullish(),
});

const keyBody = z.object({
  key_id: z.string().regex(KEY_ID),
  name: z.string(),
  scopes,
  expires_at: timestamp.nullable(),
  created_at: timestamp,
});

export const keyCreatedBody = keyBody.extend({ credential });

const signedTimes = { iat: z.number().int(), exp: z.number().int() };

/** The payload of a bearer that a key has signed (§2.13.4). */
export const bearerTokenClaims = z.object({
  iss: accountId,
  scope: z.string(),
  ...signedTimes,
});

/** The payload of a join token (§2.13.5). */
export const joinTokenClaims = z.object({
  iss: accountId,
  conversation: conversationId,
  stream_name: streamName,
  read_only: z.boolean().optional(),
  ...signedTimes,
});

export const keysBody = z.object({
  keys: z.array(keyBody.extend({ last_used_at: timestamp.nullable() })).max(KEYS_MAX),
});

const eventTypes = z
  .array(z.enum(EVENT_TYPES))
  .min(1)
  .max(EVENT_TYPES.length)
  .describe("Types of events that are sent to it.");
const webhookUrl = z
  .string()
  .max(2_048)
  .regex(/^https?:\/\//)
  .describe("Where events are sent: https, and outside.");
const enabled = z.boolean().describe("Whether events are sent to it.");

export const createWebhookBody = z.object({ url: webhookUrl, types: eventTypes.nullish() });

export const changeWebhookBody = z.object({
  url: webhookUrl.nullish(),
  types: eventTypes.nullish(),
  enabled: enabled.nullish(),
});

export const webhookBody = z.object({
  webhook_id: z.string().describe("Names it; no secret."),
  url: webhookUrl,
  types: eventTypes,
  enabled,
  disabled: z
    .object({
      at: timestamp.describe("Since when."),
      reason: z.enum(["owner", "failures"]).describe("Who disabled it."),
    })
    .nullable()
    .describe("Null while it is enabled."),
  created_at: timestamp.describe("When it was made."),
  rotated_at: timestamp.nullable().describe("When its secret was replaced last."),
});

export const webhookCreatedBody = webhookBody.extend({
  secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{43}=$/)
    .describe("Signs its events, by Standard Webhooks; shown once."),
});

export const webhooksBody = z.object({
  webhooks: z.array(webhookBody).max(WEBHOOKS_MAX).describe("The oldest first."),
});

export const deliveriesBody = z.object({
  deliveries: z
    .array(
      z.object({
        delivery_id: z.string().describe("Names the attempt."),
        message_id: z.string().describe("The event's webhook-id, the same at each attempt."),
        type: z.string().describe("The event's type."),
        attempt: z.int().min(1).describe("1 for the first."),
        at: timestamp.describe("When it was sent."),
        status: z
          .enum(["delivered", "failed", "dead"])
          .describe("`failed` is tried again, `dead` is not."),
        http_status: z.int().nullable().describe("Null where no answer came."),
        error: z.string().nullable().describe("Why no answer came, in a word."),
        took_ms: z.int().min(0).describe("Milliseconds until the answer."),
        next_attempt_at: timestamp.nullable().describe("When it is tried again."),
      }),
    )
    .max(LIST_LIMIT_MAX)
    .describe("The newest first."),
  next_cursor: z.string().nullable().describe("Null on the last page."),
});

const messages = z.boolean().describe("Whether each finished turn is an event too.");

export const optInBody = z.object({ messages: messages.nullish() });

export const optedInBody = z.object({ messages });

/** What an account has used (§2.10.6). */
export const accountUsageBody = z.object({
  hours: z.array(
    z.object({
      hour: timestamp,
      tokens_in: count,
      bytes_in: count,
      deliveries: count,
      bytes_out: count,
      connection_s: count,
      peak_streams: count,
      replay_bytes: count,
    }),
  ),
});

/** What was done with an account (§2.2.12). */
export const accountEventsBody = z.object({
  events: z
    .array(
      z.object({
        event_id: z.string(),
        at: timestamp,
        action: z.string(),
        actor: z.string(),
        target: z.string().nullable(),
        request_id: z.string().nullable(),
      }),
    )
    .max(LIST_LIMIT_MAX),
  next_cursor: z.string().nullable(),
});

export const rotateBody = z.object({
  grace_s: z.int().min(0).max(CREDENTIAL_GRACE_S_MAX).nullish(),
});

export const rotatedBody = z.object({ credential });

/**
 * Names that are absent, null or empty are generated (§2.3.1, §2.3.2); null is absent in most
 * members (§2.3.8).
 */
export const mintBody = z.object({
  alias: z.union([alias, z.literal("")]).nullish(),
  stream_name: z.union([streamName, z.literal("")]).nullish(),
  id_kind: idKind.nullish(),
  canonical_input: z.unknown().optional(),
  metadata: metadata.optional(),
  stream_metadata: metadata.optional(),
  expires_in_s: z.int().min(1).max(EXPIRES_IN_S_MAX).nullish(),
  max_joins: z.int().min(1).max(MAX_JOINS_MAX).nullish(),
  replay: z
    .union([
      z.literal(false),
      z.object({
        ttl_s: z.int().min(1).max(REPLAY_TTL_S_MAX),
        max_bytes: z.int().min(REPLAY_BYTES_MIN),
      }),
    ])
    .nullish(),
});

/** A conversation as a listing shows it. */
export const conversationBody = z.object({
  conversation_id: conversationId,
  namespace,
  alias,
  id_kind: idKind,
  metadata: jsonObject,
  replay: z.object({ ttl_s: count, max_bytes: count }).nullable(),
  expires_at: timestamp.nullable(),
  created_at: timestamp,
});

export const mintedBody = conversationBody.extend({
  magic_link: magicLink,
  stream_id: streamId,
  stream_name: streamName,
  stream_metadata: jsonObject,
});

export const conversationsBody = z.object({
  conversations: z.array(conversationBody).max(LIST_LIMIT_MAX),
  next_cursor: z.string().nullable(),
});

export const newLinkBody = z.object({ keep_connected: z.boolean().nullish() });

/** The terms of one more link (§2.7.5). */
export const createLinkBody = z.object({
  name: z.string().min(1).max(LINK_NAME_CHARACTERS_MAX).nullish(),
  read_only: z.boolean().nullish(),
  stream_name: z.union([streamName, z.literal("")]).nullish(),
  expires_in_s: z.int().min(1).max(EXPIRES_IN_S_MAX).nullish(),
  max_joins: z.int().min(1).max(LINK_JOINS_MAX).nullish(),
});

/** What a link says of itself to whoever holds it (§2.7.9). */
export const linkTermsBody = z.object({
  name: z.string().nullable(),
  read_only: z.boolean(),
  stream_name: streamName.nullable(),
  expires_at: timestamp.nullable(),
  max_joins: count.nullable(),
});

const linkBody = linkTermsBody.extend({ link_id: linkId, created_at: timestamp.nullable() });

export const linkCreatedBody = linkBody.extend({ magic_link: magicLink });

export const linksBody = z.object({
  links: z
    .array(
      linkBody.extend({
        joins: count.nullable(),
        uses: count,
        last_used_at: timestamp.nullable(),
      }),
    )
    .max(LINKS_MAX),
});

export const inspectedBody = conversationBody.extend({
  /** Of the link that was shown (§2.7.9). */
  link: linkTermsBody.optional(),
  streams: z.array(
    z.object({
      stream_id: streamId,
      stream_name: streamName,
      owner_account_id: accountId,
      metadata: jsonObject,
      peer_identity: peerIdentity.optional(),
      joined_at: timestamp,
    }),
  ),
});

export const linkMadeBody = z.object({ magic_link: magicLink });

/** What a deployment offers (§2.8). It may have more limits than these. */
export const offerBody = z.object({
  version: z.string(),
  features: z.array(z.string()),
  limits: z
    .object({
      streams_per_account: count,
      guests_per_account: count.optional(),
      conversations_per_account: count.optional(),
      subscribers_per_conversation: count,
      accounts_per_minute: count,
      mints_per_minute: count,
      token_bytes: count,
      metadata_bytes: count,
      frame_bytes: count,
    })
    .catchall(count),
});

export const healthBody = z.object({ ok: z.literal(true), host: z.string(), ts: timestamp });
