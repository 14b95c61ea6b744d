/**
 * `ams_create_conversation`: a new conversation of the caller's account, with its first magic link.
 */
import { type Account, AmsError, type MintOptions } from "@ams/client";
import { z } from "zod";
import type { Call } from "../request/call.ts";
import type { Parts } from "../request/parts.ts";
import { metadata } from "./fields.ts";
import { declareTool, failed, type Outcome } from "./tool.ts";

/**
 * What later readers can catch up on unless told otherwise: who takes turns is away between two of
 * them.
 */
const REPLAY_DEFAULT = { ttl_s: 3_600, max_bytes: 1_048_576 };

const replay = z.object({
  ttl_s: z.int().min(1).describe("Seconds for which it is kept."),
  max_bytes: z.int().min(1).describe("Bytes that are kept at most."),
});

const input = z.strictObject({
  alias: z.string().optional().describe("1 to 63 of a-z, 0-9 and -; generated unless given."),
  stream_name: z.string().optional().describe("The name that you will join with."),
  metadata: metadata
    .optional()
    .describe(
      "Any JSON object, for ever. `instructions` (text) is shown to agents that come by the link; `prompts` are served as MCP prompts.",
    ),
  stream_metadata: metadata.optional().describe("The metadata that your stream will have."),
  replay: z
    .union([replay, z.literal(false)])
    .optional()
    .describe("What is kept for who comes later, an hour and 1 MiB unless given; false: nothing."),
  expires_in_s: z.int().optional().describe("Seconds until the link admits nobody any more."),
});

const output = z.looseObject({
  conversation_id: z.string(),
  alias: z.string(),
  namespace: z.string(),
  id_kind: z.string(),
  magic_link: z
    .string()
    .describe("Whoever has it can join: give it to those who shall, and to nobody else."),
  stream_id: z.string(),
  stream_name: z.string(),
  metadata,
  stream_metadata: metadata,
  replay: replay.nullable().describe("Null: this deployment keeps nothing for later readers."),
  expires_at: z.string().nullable(),
  created_at: z.string(),
});

type Arguments = z.output<typeof input>;
type Replay = z.output<typeof replay>;

export const createConversation = declareTool({
  name: "ams_create_conversation",
  title: "Create a conversation",
  description:
    "Make a new conversation and get its magic link to share. Needs an account (a bearer credential). Creating doesn't join: call ams_join with the link next.",
  input,
  output,
  isReadOnly: false,
  run: create,
});

async function create(call: Call, args: Arguments, parts: Parts): Promise<Outcome> {
  if (call.who.kind !== "account") {
    const message = "Creating a conversation needs an account: send its credential as the bearer.";
    return { ok: false, fault: "missing_credential", message };
  }
  const offered = await parts.wrapper.offer();
  if (!offered.ok) return failed(offered.fault);
  const isOffered = offered.offer.features.includes("replay");
  const kept = isOffered && args.replay !== false ? (args.replay ?? REPLAY_DEFAULT) : null;
  try {
    return { ok: true, value: await mint(call, call.who.account, args, kept) };
  } catch (error) {
    if (!(error instanceof AmsError)) throw error;
    return { ok: false, fault: error.code, message: error.message };
  }
}

async function mint(call: Call, account: Account, args: Arguments, kept: Replay | null) {
  const minted = await account.mint({ ...mintOptionsOf(args, kept), signal: call.signal });
  return {
    conversation_id: minted.conversationId,
    alias: minted.alias,
    namespace: minted.namespace,
    id_kind: minted.idKind,
    magic_link: call.linkToShow(minted.magicLink),
    stream_id: minted.streamId,
    stream_name: minted.streamName,
    metadata: minted.metadata,
    stream_metadata: minted.streamMetadata,
    // What the conversation has, which needn't be what was asked for.
    replay: minted.replay && { ttl_s: minted.replay.ttlS, max_bytes: minted.replay.maxBytes },
    expires_at: minted.expiresAt,
    created_at: minted.createdAt,
  };
}

function mintOptionsOf(args: Arguments, kept: Replay | null): MintOptions {
  return {
    ...(args.alias === undefined ? {} : { alias: args.alias }),
    ...(args.stream_name === undefined ? {} : { streamName: args.stream_name }),
    ...(args.metadata === undefined ? {} : { metadata: args.metadata }),
    ...(args.stream_metadata === undefined ? {} : { streamMetadata: args.stream_metadata }),
    ...(args.expires_in_s === undefined ? {} : { expiresInS: args.expires_in_s }),
    ...(kept === null ? {} : { replay: { ttlS: kept.ttl_s, maxBytes: kept.max_bytes } }),
  };
}
