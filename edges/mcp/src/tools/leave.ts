/** `ams_leave`: leave a conversation until the next explicit join. */
import { z } from "zod";
import { actedAs, targetArguments, targetOf, withSession } from "./fields.ts";
import { declareTool } from "./tool.ts";

const input = z.strictObject(targetArguments);

const output = z.looseObject({ ok: z.literal(true), ...actedAs });

export const leave = declareTool({
  name: "ams_leave",
  title: "Leave a conversation",
  description:
    "Leave: the others see you go, and what you hadn't read is gone. Only ams_join brings you back.",
  input,
  output,
  isReadOnly: false,
  run: async (call, args) => {
    const left = await withSession(call, (session) => session.leave(targetOf(call, args)));
    if (!left.ok) return left;
    const { conversationId: conversation_id, streamName: stream_name } = left;
    return { ok: true, value: { ok: true, conversation_id, stream_name } };
  },
});
