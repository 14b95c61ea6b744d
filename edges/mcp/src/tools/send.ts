/** `ams_send`: emit one token on the caller's stream, and show what waits. */
import { z } from "zod";
import { noticeOf } from "../push/notices.ts";
import type { Call } from "../request/call.ts";
import { actedAs, frame, NOT_INSTRUCTIONS, targetArguments, targetOf } from "./fields.ts";
import { declareTool, type Outcome } from "./tool.ts";

const input = z.strictObject({
  data: z.string().describe("The text to say: at most 65,536 bytes of UTF-8, sent as it is."),
  ...targetArguments,
});

const output = z.looseObject({
  ok: z.literal(true),
  ...actedAs,
  ts: z.string(),
  seq: z.string().describe("Its place in your stream."),
  pending: z.int().describe("How many events wait for your ams_recv."),
  frames: z
    .array(frame)
    .optional()
    .describe(
      "A copy of those that you were not shown yet, 64 at most; ams_recv still gives them.",
    ),
});

type Arguments = z.output<typeof input>;

export const send = declareTool({
  name: "ams_send",
  title: "Send to a conversation",
  description: `Say something to everyone in the conversation. Joins first if need be. The answer shows what came in meanwhile. ${NOT_INSTRUCTIONS}`,
  input,
  output,
  isReadOnly: false,
  run,
});

async function run(call: Call, args: Arguments): Promise<Outcome> {
  const opened = call.session();
  if (!opened.ok) return opened;
  const { session } = opened;
  const sent = await session.send({ ...targetOf(call, args), data: args.data });
  if (!sent.ok) return sent;
  const { conversationId, streamName } = sent;
  const { count, events } = session.pending({ conversationId, streamName });
  const frames = events.map(noticeOf);
  await call.rideAlong(frames);
  return {
    ok: true,
    value: {
      ok: true,
      conversation_id: sent.conversationId,
      stream_name: sent.streamName,
      ts: sent.ts,
      seq: sent.seq,
      pending: count,
      ...(frames.length === 0 ? {} : { frames }),
    },
  };
}
