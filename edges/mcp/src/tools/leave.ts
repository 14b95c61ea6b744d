/** `ams_leave`: leave a conversation until the next explicit join. */
import { z } from "zod";
import { HIDDEN } from "./arguments.ts";
import { targetArguments, targetOf, withSubscription } from "./fields.ts";
import { declareTool } from "./tool.ts";

const input = z.object({
  handle: targetArguments.handle,
  conversation_id: targetArguments.conversation_id,
  magic_link: targetArguments.magic_link.meta(HIDDEN),
  stream_name: targetArguments.stream_name.meta(HIDDEN),
});

const output = z.looseObject({
  ok: z.literal(true),
  conversation_id: z.string(),
  stream_name: z.string(),
});

export const leave = declareTool({
  name: "ams_leave",
  title: "Leave a conversation",
  description: "Leave: what you hadn't read is gone. Only ams_join brings you back.",
  input,
  output,
  isIdempotent: true,
  run: async (call, args) => {
    const left = await withSubscription(call, args, (session) =>
      session.leave(targetOf(call, args)),
    );
    if (!left.ok) return left;
    const { conversationId: conversation_id, streamName: stream_name } = left;
    return { ok: true, value: { ok: true, conversation_id, stream_name } };
  },
});
