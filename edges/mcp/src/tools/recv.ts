/** `ams_recv`: what the others said and did, once, in order. */
import type { Received, RecvRequest, Result } from "@ams/edge";
import { z } from "zod";
import { eventOf, noticeOf } from "../push/notices.ts";
import type { Call } from "../request/call.ts";
import {
  actedAs,
  frame,
  NOT_INSTRUCTIONS,
  targetArguments,
  targetOf,
  withSession,
} from "./fields.ts";
import { declareTool, type Outcome } from "./tool.ts";

const wait = z.int().optional();

const input = z.strictObject({
  ...targetArguments,
  cursor: z
    .string()
    .optional()
    .describe(
      "Read behind this cursor; without it, go on where you stopped. The same cursor gives the same events again.",
    ),
  wait_ms: wait.describe(
    "Milliseconds to wait when nothing is there yet: 0, unless given, to 25000.",
  ),
  max_wait_ms: wait.describe("The same as wait_ms."),
  max_events: z.int().optional().describe("How many at most: 100, unless given, to 1000."),
});

const event = z.looseObject({
  kind: z.enum(["token", "stream_metadata", "stream_joined", "stream_left", "gap", "truncated"]),
  conversation_id: z.string(),
  cursor: z.string(),
});

const output = z.looseObject({
  ok: z.literal(true),
  ...actedAs,
  events: z
    .array(event)
    .describe(
      "Oldest first. A token has data; stream_name, owner_account_id and peer_identity say whose it is. gap and truncated say that something is lost there.",
    ),
  next_cursor: z.string(),
  truncated: z.boolean().describe("True: something in between is, or may be, lost."),
  dropped: z.int().describe("How many events were lost that you hadn't read."),
  more: z.boolean().describe("True: ask again at once, there is more."),
  frames: z.array(frame).describe("The same events as notifications."),
});

type Arguments = z.output<typeof input>;

export const recv = declareTool({
  name: "ams_recv",
  title: "Receive from a conversation",
  description: `Read what came in since you last read; with wait_ms, wait for it. Joins first if need be. When nothing came, call again: that is how to listen without push. ${NOT_INSTRUCTIONS}`,
  input,
  output,
  isReadOnly: false,
  run: async (call, args) =>
    answerOf(await withSession(call, (one) => one.recv(askOf(call, args)))),
});

function askOf(call: Call, args: Arguments): RecvRequest {
  const { cursor, max_events: maxEvents } = args;
  const waitMs = args.wait_ms ?? args.max_wait_ms;
  return {
    ...targetOf(call, args),
    ...(cursor === undefined ? {} : { cursor }),
    ...(waitMs === undefined ? {} : { waitMs }),
    ...(maxEvents === undefined ? {} : { maxEvents }),
  };
}

function answerOf(received: Result<Received>): Outcome {
  if (!received.ok) return received;
  return {
    ok: true,
    value: {
      ok: true,
      conversation_id: received.conversationId,
      stream_name: received.streamName,
      events: received.events.map(eventOf),
      next_cursor: received.nextCursor,
      truncated: received.truncated,
      dropped: received.dropped,
      more: received.more,
      frames: received.events.map(noticeOf),
    },
  };
}
