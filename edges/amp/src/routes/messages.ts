/** The queue of an agent: reading takes nothing away, an ack takes out what is named. */
import { isId } from "@ams/amp";
import { refOf } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { readMeta, render } from "../delivery/message.ts";
import { sendDelivered, sendReceipt } from "../delivery/receipts.ts";
import { type Answer, answer, badField, refuse } from "../http/answer.ts";
import type { Call, Caller } from "../http/call.ts";
import { isoOf, membersOf } from "../http/fields.ts";
import type { AgentRef } from "../store/store.ts";

const LIMIT = 10;
const LIMIT_MAX = 100;
/** Bytes of one answer, about: a hundred of the largest messages would be fifty times as much. */
const PAGE_BYTES_MAX = 1_048_576 * 4;
/** Milliseconds for which a message may be marked as read. */
const READ_MS = 7 * 86_400_000;

export async function getPending(amp: Amp, { query }: Call, { record }: Caller): Promise<Answer> {
  const given = query.get("limit") ?? String(LIMIT);
  if (!/^\d{1,9}$/.test(given) || Number(given) < 1)
    return badField("limit", false, "limit must be a whole number from 1 to 100.");
  const limit = Math.min(LIMIT_MAX, Number(given));
  const page = { afterN: 0, limit, bytesMax: PAGE_BYTES_MAX };
  const { messages, count } = await amp.store.pending(refOf(record), page, amp.now());
  const list = messages.map((message) => render(message, "pending")).join(",");
  const remaining = count - messages.length;
  return {
    status: 200,
    body: `{"messages":[${list}],"count":${messages.length},"remaining":${remaining}}`,
  };
}

export async function countPending(amp: Amp, _call: Call, { record }: Caller): Promise<Answer> {
  const { count, oldestMs } = await amp.store.depth(refOf(record), amp.now());
  return answer({ count, oldest_queued_at: oldestMs === null ? null : isoOf(oldestMs) });
}

export async function ackOne(amp: Amp, call: Call, { record }: Caller): Promise<Answer> {
  const id = call.params.id ?? call.query.get("id");
  if (id === null || id === "") return badField("id", true, "id is needed.");
  const acked = await ack(amp, refOf(record), [id]);
  if (acked === 1) return answer({ acknowledged: true });
  return refuse("not_found", "No such message waits for this agent.");
}

export async function ackMany(amp: Amp, call: Call, { record }: Caller): Promise<Answer> {
  const { ids } = membersOf(call.json.value) ?? {};
  const isGood = (one: unknown): one is string => typeof one === "string";
  const isList = Array.isArray(ids) && ids.length >= 1 && ids.length <= LIMIT_MAX;
  if (!isList || !ids.every(isGood)) {
    const isMissing = ids === undefined || ids === null;
    return badField("ids", isMissing, "ids must be 1 to 100 ids of messages.");
  }
  return answer({ acknowledged: await ack(amp, refOf(record), [...new Set(ids)]) });
}

/** How many of them left the queue. */
export async function ack(amp: Amp, agent: AgentRef, ids: readonly string[]): Promise<number> {
  const known = ids.filter((id) => isId("msg", id));
  const acked = await amp.store.ack(agent, known, "relay", amp.now());
  for (const { id, isFirst, meta } of acked) {
    if (isFirst && meta !== "") await sendDelivered(amp, readMeta(meta), id, "relay");
  }
  return acked.length;
}

export async function markRead(amp: Amp, { params }: Call, { record }: Caller): Promise<Answer> {
  const id = params.id ?? "";
  const notFound = refuse("not_found", "This agent got no such message.");
  const seconds = Number(/^msg[_-](\d{1,12})/.exec(id)?.[1] ?? 0);
  const isOld = seconds * 1_000 + READ_MS < amp.now();
  const agent = refOf(record);
  if (!isId("msg", id)) return notFound;
  const marked = await amp.store.mark(agent, id, "r", String(amp.now()));
  if (marked === null || (isOld && (await amp.store.peek(agent, id, amp.now())) === null))
    return notFound;
  const { tenant, sender } = readMeta(marked.meta);
  if (tenant === null || sender === null) return answer({ read_receipt_sent: false });
  if (marked.isFirst) {
    const data = { id, read_at: isoOf(amp.now()) };
    await sendReceipt(amp, { tenant, id: sender }, { type: "message.read", data });
  }
  return answer({ read_receipt_sent: true });
}
