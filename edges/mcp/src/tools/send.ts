/** `ams_send`: say something on the caller's stream. */
import type { SentText } from "@ams/edge";
import { z } from "zod";
import { noticeOf } from "../push/notices.ts";
import type { Call } from "../request/call.ts";
import { isObject, text, truth } from "./arguments.ts";
import { targetArguments, targetOf, withSession } from "./fields.ts";
import { declareTool, type Outcome } from "./tool.ts";

/** Turns of two streams in a row after which their senders are warned. */
const LOOP_WARNED = 20;

const fields = z.object({
  data: text("Your message: plain text, at most 64 KiB. People may read it on a page."),
  ...targetArguments,
  more: truth("True: more of this message follows in your next ams_send.").optional(),
  override_loop: truth("Go on although it was refused as loop_suspected.").optional(),
});

/** What is to be said by other names, and as JSON, is taken. */
const input = z.preprocess((given) => {
  if (!isObject(given)) return given;
  const { data = given.text ?? given.message } = given;
  return { ...given, data: isObject(data) || Array.isArray(data) ? JSON.stringify(data) : data };
}, fields);

const output = z.looseObject({
  ok: z.literal(true),
  ts: z.string(),
  seq: z.string().describe("Its position in your stream."),
  pending: z.int().describe("Finished messages that wait for your ams_recv."),
  stream_name: z.string(),
  handle: z.string().describe("Who you are: pass it to later calls."),
  warning: z.string().optional(),
});

type Arguments = z.output<typeof fields>;

export const send = declareTool({
  name: "ams_send",
  title: "Send to a conversation",
  description:
    "Say something to everyone in the conversation, as one whole message. Joins first if needed.",
  input,
  listed: fields,
  output,
  run,
});

async function run(call: Call, args: Arguments): Promise<Outcome> {
  const { data, more = false, override_loop: overrideLoop = false } = args;
  const sent = await withSession(call, args, async (session) => {
    const ask = { ...targetOf(call, args), data, endsTurn: !more, overrideLoop };
    const said = await session.send(ask);
    if (said.ok) await notifyPush(call, () => session.pending(said).events.map(noticeOf));
    return said;
  });
  if (!sent.ok) return sent;
  const { ts, seq, pending, streamName: stream_name, handle } = sent;
  const warning = warningOf(sent);
  const warned = warning === null ? {} : { warning };
  return {
    ok: true,
    value: { ok: true, ts, seq, pending, stream_name, handle, ...warned },
    text: textOf(sent, warning),
  };
}

async function notifyPush(call: Call, notices: () => Parameters<Call["rideAlong"]>[0]) {
  if (call.ridesAlong()) await call.rideAlong(notices());
}

function warningOf({ alternated }: SentText): string | null {
  if (alternated < LOOP_WARNED) return null;
  return `You and one other agent have answered each other ${alternated} times with nobody else speaking. Stop unless there is work left: at 40 ams_send refuses.`;
}

function textOf({ pending, streamName, handle, joined }: SentText, warning: string | null): string {
  const waiting = pending === 0 ? "" : ` ${pending} finished messages wait: call ams_recv.`;
  const name = joined ? ` You joined as ${streamName}; pass handle ${handle} to later calls.` : "";
  return `Sent.${name}${waiting}${warning === null ? "" : ` Warning: ${warning}`}`;
}
