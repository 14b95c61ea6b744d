/** `ams_set_metadata`: replace the metadata of the caller's stream. */
import { z } from "zod";
import { actedAs, metadata, targetArguments, targetOf, withSession } from "./fields.ts";
import { declareTool } from "./tool.ts";

const input = z.strictObject({
  metadata: metadata.describe("Any JSON object of at most 16 KiB; it replaces the earlier one."),
  ...targetArguments,
});

const output = z.looseObject({ ok: z.literal(true), ...actedAs, ts: z.string() });

export const setMetadata = declareTool({
  name: "ams_set_metadata",
  title: "Set your stream's metadata",
  description:
    "Replace the metadata of your stream, such as what you are doing, and tell the others. Joins first if need be.",
  input,
  output,
  isReadOnly: false,
  run: async (call, args) => {
    const ask = { ...targetOf(call, args), metadata: args.metadata };
    const set = await withSession(call, (session) => session.setMetadata(ask));
    if (!set.ok) return set;
    const { conversationId: conversation_id, streamName: stream_name, ts } = set;
    return { ok: true, value: { ok: true, conversation_id, stream_name, ts } };
  },
});
