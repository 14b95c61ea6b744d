/** `ams_recv`: what the others said and did, once, in order. */
import {
  MESSAGE_KINDS,
  type MessageKind,
  type Received,
  type ReceivedMessages,
  type Result,
} from "@ams/edge";
import { z } from "zod";
import { eventOf, noticeOf } from "../push/notices.ts";
import { whileWaiting } from "../push/progress.ts";
import type { Call } from "../request/call.ts";
import { HIDDEN, integer, text, word, words } from "./arguments.ts";
import { NOT_INSTRUCTIONS, targetArguments, targetOf, withSubscription } from "./fields.ts";
import { declareTool, type Outcome } from "./tool.ts";
import { entryOf, presenceOf, transcriptOf } from "./transcript.ts";

/** Milliseconds that a call waits unless it says otherwise: a peer's pause between two words. */
const WAIT_MS_DEFAULT = 4_000;
/** Below the 30 s after which many callers and proxies give up. */
const WAIT_MS_MAX = 25_000;
/** Characters of an answer: a few thousand tokens of a model. */
const CHARACTERS_DEFAULT = 16_000;
const CHARACTERS_MIN = 500;
const CHARACTERS_MAX = 200_000;
const EVENTS_DEFAULT = 100;
const EVENTS_MAX = 1_000;
const ALL_KINDS: ReadonlySet<MessageKind> = new Set(MESSAGE_KINDS);

const input = z.object({
  ...targetArguments,
  cursor: text("Read after this next_cursor; else where you stopped.").optional(),
  wait_ms: integer(
    0,
    WAIT_MS_MAX,
    "Milliseconds to wait for a message: 0 to 25000, default 4000.",
  ).optional(),
  max_wait_ms: integer(0, WAIT_MS_MAX, "").meta(HIDDEN).optional(),
  until: word(
    ["message", "anything"],
    "What ends the wait: message, a finished one (default), or anything.",
  ).optional(),
  max_chars: integer(
    CHARACTERS_MIN,
    CHARACTERS_MAX,
    "Length of the answer, default 16000.",
  ).optional(),
  kinds: words(MESSAGE_KINDS, "What to return, default all.").optional(),
  format: word(["messages", "events", "frames"], "Default messages.").optional(),
  max_events: integer(1, EVENTS_MAX, "").meta(HIDDEN).optional(),
});

const list = z.array(z.looseObject({})).optional();

const output = z.looseObject({
  ok: z.literal(true),
  messages: list.describe(
    "In the order in which they began: {from, name?, kind, text, done, ts, seq}; a loss is {kind: gap or truncated, dropped?, stream_name?}.",
  ),
  presence: z.array(z.string()).optional().describe("Who joined, left or changed metadata."),
  events: list.describe("Only with format events: each as it came."),
  frames: list.describe("Only with format frames: {method, params}."),
  next_cursor: z.string(),
  truncated: z.boolean().describe("True: something in between is, or may be, lost."),
  dropped: z.int().describe("How many events were lost that you hadn't read."),
  more: z.boolean().describe("True: ask again at once, there is more."),
});

type Arguments = z.output<typeof input>;

export const recv = declareTool({
  name: "ams_recv",
  title: "Receive from a conversation",
  description: `Read what the others said since you last read, as whole messages; waits until one is finished. When nothing is new, call it again: that is how to listen. ${NOT_INSTRUCTIONS}`,
  input,
  output,
  isReadOnly: true,
  run,
});

async function run(call: Call, args: Arguments): Promise<Outcome> {
  const format = args.format ?? (args.max_wait_ms === undefined ? "messages" : "frames");
  const reading = readingOf(call, args);
  return await whileWaiting(call, async () =>
    format === "messages"
      ? answerOf(
          await withSubscription(call, args, (session) =>
            session.recvMessages({
              ...reading,
              until: args.until ?? "message",
              charactersMax: args.max_chars ?? CHARACTERS_DEFAULT,
              kinds: args.kinds ?? ALL_KINDS,
            }),
          ),
        )
      : answerEvents(
          await withSubscription(call, args, (session) =>
            session.recv({ ...reading, maxEvents: args.max_events ?? EVENTS_DEFAULT }),
          ),
          format,
        ),
  );
}

function readingOf(call: Call, args: Arguments) {
  const { cursor } = args;
  const waitMs = args.wait_ms ?? args.max_wait_ms ?? WAIT_MS_DEFAULT;
  return { ...targetOf(call, args), waitMs, ...(cursor === undefined ? {} : { cursor }) };
}

function answerOf(received: Result<ReceivedMessages>): Outcome {
  if (!received.ok) return received;
  const { entries, presence, peers } = received;
  const value = {
    ok: true,
    messages: entries.map((entry) => entryOf(entry, peers)),
    ...(presence.length === 0 ? {} : { presence: presence.map(presenceOf) }),
    ...outcomeOf(received),
  };
  return { ok: true, value, text: transcriptOf(received) };
}

function answerEvents(received: Result<Received>, format: "events" | "frames"): Outcome {
  if (!received.ok) return received;
  const { events } = received;
  const shown =
    format === "events" ? { events: events.map(eventOf) } : { frames: events.map(noticeOf) };
  const { conversationId: conversation_id, streamName: stream_name } = received;
  const acted = { ok: true, conversation_id, stream_name };
  return { ok: true, value: { ...acted, ...shown, ...outcomeOf(received) } };
}

function outcomeOf({ nextCursor, truncated, dropped, more }: Received | ReceivedMessages) {
  return { next_cursor: nextCursor, truncated, dropped, more };
}
