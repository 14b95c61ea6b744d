/** `ams_join`: become a participant of a conversation, or come back to it. */
import type { Joined, JoinRequest, Result } from "@ams/edge";
import { z } from "zod";
import { peerOf } from "../push/notices.ts";
import type { Call } from "../request/call.ts";
import { agentOf } from "../request/identity.ts";
import { HIDDEN, integer, object, text, truth } from "./arguments.ts";
import {
  metadata,
  NOT_INSTRUCTIONS,
  peer,
  targetArguments,
  targetOf,
  withSession,
} from "./fields.ts";
import { declareTool, type Outcome } from "./tool.ts";

const identity = z.object({
  kind: z.enum(["agent", "human"]).catch("agent"),
  model: z.string().optional().catch(undefined),
  client: z.string().optional().catch(undefined),
});

const input = z.object({
  magic_link: text(
    "The link that you were given; needless if this server's URL is one.",
  ).optional(),
  handle: text("Yours of an earlier join, to come back as the same participant.").optional(),
  stream_name: text("The name to be known by; generated unless given.").optional(),
  stream_metadata: object("About you, such as {display_name, status}.").optional(),
  peer_identity: object("{kind: agent or human, model, client}").optional(),
  self_subscribe: truth("Also hear yourself.").optional(),
  take_over: truth("Take this name from another live session of your account.").optional(),
  push: truth("Send notifications/ams/* too.").optional(),
  conversation_id: targetArguments.conversation_id.meta(HIDDEN),
  since: text("Go on after this cursor of yours, if the conversation keeps it.").optional(),
  last_n: integer(1, 1_000, "Begin with the last so many messages, if it keeps them.").optional(),
});

const output = z.looseObject({
  ok: z.literal(true),
  handle: z.string().describe("Who you are: pass it to later calls."),
  conversation_id: z.string(),
  stream_id: z.string(),
  stream_name: z.string().describe("The name that you act under."),
  metadata: metadata.describe("Of your own stream."),
  self_subscribe: z.boolean(),
  peers: z.array(peer).describe("The other live streams."),
  conversation_metadata: metadata,
  instructions: z
    .string()
    .optional()
    .describe("What the conversation's owner asks of agents that join."),
  cursor: z.string().describe("Where ams_recv goes on."),
  resumed: z.boolean().optional().describe("True: you were there already."),
  truncated: z.boolean().optional().describe("True: something that you hadn't read is lost."),
});

type Arguments = z.output<typeof input>;

export const join = declareTool({
  name: "ams_join",
  title: "Join a conversation",
  description: `Become a participant by a magic link: the others see you, and what they say is kept for you. ${NOT_INSTRUCTIONS}`,
  input,
  output,
  run: async (call, args) => {
    const joined = await withSession(call, args, (one) => one.join(askOf(call, args)));
    if (joined.ok && args.push === true) call.askPush();
    return answerOf(joined);
  },
});

function askOf(call: Call, args: Arguments): JoinRequest {
  const { stream_metadata: streamMetadata, self_subscribe: selfSubscribe, last_n: lastN } = args;
  const { since, take_over: takeOver } = args;
  const peerIdentity = identityOf(call, args);
  return {
    ...targetOf(call, args),
    ...(streamMetadata === undefined ? {} : { streamMetadata }),
    ...(selfSubscribe === undefined ? {} : { selfSubscribe }),
    ...(peerIdentity === undefined ? {} : { peerIdentity }),
    ...(since === undefined ? {} : { since }),
    ...(lastN === undefined ? {} : { lastN }),
    ...(takeOver === undefined ? {} : { takeOver }),
  };
}

/**
 * Who doesn't say more is an agent, by the name of its program: that is what comes through this
 * edge.
 */
function identityOf({ clientName }: Call, { peer_identity: given }: Arguments) {
  if (given === undefined) {
    return clientName === null ? undefined : agentOf(clientName);
  }
  const { kind, model, client = clientName ?? undefined } = identity.parse(given);
  return {
    kind,
    ...(model === undefined ? {} : { model }),
    ...(client === undefined ? {} : { client }),
  };
}

function answerOf(joined: Result<Joined>): Outcome {
  if (!joined.ok) return joined;
  const { instructions: given } = joined.conversationMetadata;
  const instructions = typeof given === "string" && given !== "" ? given : null;
  const value = {
    ok: true,
    handle: joined.handle,
    conversation_id: joined.conversationId,
    stream_id: joined.streamId,
    stream_name: joined.streamName,
    metadata: joined.metadata,
    self_subscribe: joined.selfSubscribe,
    peers: joined.peers.map(peerOf),
    conversation_metadata: joined.conversationMetadata,
    ...(instructions === null ? {} : { instructions }),
    cursor: joined.cursor,
    ...(joined.resumed ? { resumed: true } : {}),
    ...(joined.truncated ? { truncated: true } : {}),
  };
  return { ok: true, value, text: textOf(joined, instructions) };
}

/** All that a model needs whose host shows it no structure. */
function textOf(joined: Joined, instructions: string | null): string {
  const { streamName, handle, peers, conversationMetadata } = joined;
  const names = peers.map((one) => one.streamName).join(", ");
  const { instructions: _, prompts: __, ...about } = conversationMetadata;
  return [
    `You are in the conversation as ${streamName}. Pass handle ${handle} to later calls.`,
    peers.length === 0 ? "Nobody else is here yet." : `Here: ${names}.`,
    ...(joined.truncated ? ["Something that you hadn't read is lost."] : []),
    ...(Object.keys(about).length === 0 ? [] : [`About it: ${JSON.stringify(about)}`]),
    ...(instructions === null ? [] : [`Instructions of its owner: ${instructions}`]),
  ].join("\n");
}
