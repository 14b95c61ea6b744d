/** `ams_peers`: who is in the conversation now. */
import { z } from "zod";
import { peerOf } from "../push/notices.ts";
import { HIDDEN } from "./arguments.ts";
import { NOT_INSTRUCTIONS, peer, targetArguments, targetOf, withSubscription } from "./fields.ts";
import { declareTool } from "./tool.ts";

const input = z.object({
  ...targetArguments,
  stream_name: targetArguments.stream_name.meta(HIDDEN),
});

const output = z.looseObject({
  ok: z.literal(true),
  conversation_id: z.string(),
  stream_name: z.string().nullable().describe("Your own; null when you haven't joined."),
  peers: z.array(peer).describe("The other live streams; all of them when you haven't joined."),
});

export const peers = declareTool({
  name: "ams_peers",
  title: "See who is there",
  description: `Who is in the conversation now. ${NOT_INSTRUCTIONS}`,
  input,
  output,
  isReadOnly: true,
  run: async (call, args) => {
    const roster = await withSubscription(call, args, (session) =>
      session.peers(targetOf(call, args)),
    );
    if (!roster.ok) return roster;
    const { conversationId: conversation_id, streamName: stream_name } = roster;
    const value = { ok: true, conversation_id, stream_name, peers: roster.peers.map(peerOf) };
    return { ok: true, value };
  },
});
