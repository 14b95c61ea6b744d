/**
 * `ams_create_conversation`: a new conversation of the caller's account, with its first magic link.
 */
import { type Account, AmsError, type MintOptions } from "@ams/client";
import { z } from "zod";
import type { Call } from "../request/call.ts";
import type { Parts } from "../request/parts.ts";
import { integer, object, text } from "./arguments.ts";
import { metadata } from "./fields.ts";
import { declareTool, failed, type Outcome } from "./tool.ts";

/** Seconds that a link lives at most. */
const YEAR_S = 31_536_000;

/**
 * What later readers can catch up on unless it is set: who takes turns is away between two of
 * them.
 */
const REPLAY_DEFAULT = { ttl_s: 3_600, max_bytes: 1_048_576 };

const replay = z.object({
  ttl_s: z.coerce.number().int().min(1),
  max_bytes: z.coerce.number().int().min(1),
});

const input = z.object({
  alias: text("a-z, 0-9, -; generated unless given.").optional(),
  title: text("").optional(),
  instructions: text("For agents that join.").optional(),
  stream_name: text("").optional(),
  metadata: object("Permanent. prompts: MCP prompts.").optional(),
  stream_metadata: object("").optional(),
  replay: z
    .union([replay, z.stringbool(), z.boolean()])
    .meta({ description: "{ttl_s, max_bytes}, default 3600 and 1 MiB; false: none." })
    .optional(),
  expires_in_s: integer(1, YEAR_S, "").optional(),
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
    "Make a conversation and get its magic link to share. Needs an account's bearer. Then call ams_join with the link.",
  input,
  output,
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
  const asked = args.replay === true ? undefined : args.replay;
  const kept = isOffered && asked !== false ? (asked ?? REPLAY_DEFAULT) : null;
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
    ...metadataOf(args),
    ...(args.stream_metadata === undefined ? {} : { streamMetadata: args.stream_metadata }),
    ...(args.expires_in_s === undefined ? {} : { expiresInS: args.expires_in_s }),
    ...(kept === null ? {} : { replay: { ttlS: kept.ttl_s, maxBytes: kept.max_bytes } }),
  };
}

/** The conversation's metadata, with its title and instructions where they are said apart. */
function metadataOf({ metadata: given, title, instructions }: Arguments) {
  if (given === undefined && title === undefined && instructions === undefined) return {};
  const own = {
    ...(title === undefined ? {} : { title }),
    ...(instructions === undefined ? {} : { instructions }),
  };
  return { metadata: { ...given, ...own } };
}
