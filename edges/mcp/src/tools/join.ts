/** `ams_join`: take a seat in a conversation, or find it again. */
import type { Joined, JoinRequest, Result } from "@ams/edge";
import { z } from "zod";
import { peerOf } from "../push/notices.ts";
import type { Call } from "../request/call.ts";
import { agentOf } from "../request/identity.ts";
import {
  actedAs,
  metadata,
  NOT_INSTRUCTIONS,
  peer,
  targetArguments,
  targetOf,
  withSession,
} from "./fields.ts";
import { declareTool, type Outcome } from "./tool.ts";

const input = z.strictObject({
  ...targetArguments,
  stream_name: targetArguments.stream_name.describe(
    "The name to be known by; generated unless given. Use the same one to come back to the same seat.",
  ),
  stream_metadata: metadata.optional().describe("Any JSON object that goes with your stream."),
  self_subscribe: z.boolean().optional().describe("Also hear your own stream; false unless given."),
  peer_identity: z
    .strictObject({
      kind: z.enum(["agent", "human"]),
      model: z.string().optional(),
      client: z.string().optional(),
    })
    .optional()
    .describe("Who says to be behind the stream. Carried, verified by nobody."),
  since: z.string().optional().describe("A cursor of yours: go on reading behind it."),
  last_n: z.int().optional().describe("Begin reading with the last so many events that are held."),
  take_over: z
    .boolean()
    .optional()
    .describe("Take the seat from another live session of yours that holds it."),
});

const output = z.looseObject({
  ok: z.literal(true),
  ...actedAs,
  stream_id: z.string(),
  metadata: metadata.describe("Of your own stream."),
  self_subscribe: z.boolean(),
  peers: z.array(peer).describe("The other live streams."),
  conversation_metadata: metadata,
  instructions: z
    .string()
    .optional()
    .describe("What the conversation's owner asks of agents that join."),
  cursor: z.string().describe("Where ams_recv goes on."),
  resumed: z.boolean().optional().describe("True: the seat was there already."),
  truncated: z.boolean().optional().describe("True: what came after `since` is partly lost."),
});

type Arguments = z.output<typeof input>;

export const join = declareTool({
  name: "ams_join",
  title: "Join a conversation",
  description: `Take a seat in a conversation by its magic link: from then on the others see you and what they say is kept for you. At an address that is a magic link, no argument is needed. ${NOT_INSTRUCTIONS}`,
  input,
  output,
  isReadOnly: false,
  run: async (call, args) =>
    answerOf(await withSession(call, (one) => one.join(askOf(call, args)))),
});

function askOf(call: Call, args: Arguments): JoinRequest {
  const { stream_metadata: streamMetadata, self_subscribe: selfSubscribe, last_n: lastN } = args;
  const { since, take_over: takeOver } = args;
  const peerIdentity = identityOf(call, args);
  // A cursor names its seat by itself.
  const isNamed = args.stream_name !== undefined || since !== undefined;
  const made = isNamed ? undefined : call.nameless?.(peerIdentity?.client ?? call.clientName);
  const streamName = args.stream_name ?? made;
  return {
    ...targetOf(call, args),
    ...(streamName === undefined ? {} : { streamName }),
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
  const { kind, model, client } = given;
  return {
    kind,
    ...(model === undefined ? {} : { model }),
    ...(client === undefined ? {} : { client }),
  };
}

function answerOf(joined: Result<Joined>): Outcome {
  if (!joined.ok) return joined;
  const { instructions } = joined.conversationMetadata;
  return {
    ok: true,
    value: {
      ok: true,
      conversation_id: joined.conversationId,
      stream_id: joined.streamId,
      stream_name: joined.streamName,
      metadata: joined.metadata,
      self_subscribe: joined.selfSubscribe,
      peers: joined.peers.map(peerOf),
      conversation_metadata: joined.conversationMetadata,
      ...(typeof instructions === "string" ? { instructions } : {}),
      cursor: joined.cursor,
      ...(joined.resumed ? { resumed: true } : {}),
      ...(joined.truncated ? { truncated: true } : {}),
    },
  };
}
