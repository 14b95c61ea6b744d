/** Receipts: what a sender's sockets hear of its messages. Kept until one of them is there. */
import type { Amp } from "../amp.ts";
import { isoOf } from "../http/fields.ts";
import type { AgentRef } from "../store/store.ts";
import { type Meta, readMeta } from "./message.ts";

const KEEP_MS = 86_400_000;
/** Receipts that are kept for an agent. */
const RECEIPTS_MAX = 1_000;

type Parts = Pick<Amp, "store" | "feeds" | "wire" | "now" | "log">;

/** Sends a receipt to the sender's sockets, wherever they are; it is in the store first. */
export async function sendReceipt(
  amp: Parts,
  sender: AgentRef,
  frame: Readonly<Record<string, unknown>>,
): Promise<void> {
  await amp.store.keepReceipt(sender, JSON.stringify(frame), RECEIPTS_MAX, KEEP_MS);
  if (amp.feeds.has(sender)) await flushReceipts(amp, sender);
  else await amp.wire.receipt(sender);
}

/** Hands what is kept to the sockets that this process has. */
export async function flushReceipts(amp: Parts, agent: AgentRef): Promise<void> {
  for (const receipt of await amp.store.takeReceipts(agent)) {
    const isSent = await amp.feeds.broadcast(agent, receipt);
    if (!isSent) await amp.store.keepReceipt(agent, receipt, RECEIPTS_MAX, KEEP_MS);
  }
}

/** The first proof that a message arrived is a receipt for whoever asked for one. */
export async function proveDelivery(
  amp: Parts,
  agent: AgentRef,
  id: string,
  method: "websocket" | "webhook",
): Promise<void> {
  const marked = await amp.store.mark(agent, id, "d", method);
  if (marked?.isFirst) await sendDelivered(amp, readMeta(marked.meta), id, method);
}

export async function sendDelivered(
  amp: Parts,
  { receipt, tenant, sender, to }: Meta,
  id: string,
  method: string,
): Promise<void> {
  if (!receipt || tenant === null || sender === null) return;
  const data = { id, to, delivered_at: isoOf(amp.now()), method };
  await sendReceipt(amp, { tenant, id: sender }, { type: "message.delivered", data });
}

export async function sendFailed(
  amp: Parts,
  sender: AgentRef,
  message: { readonly id: string; readonly to: string; readonly error: string },
): Promise<void> {
  const data = { ...message, failed_at: isoOf(amp.now()) };
  await sendReceipt(amp, sender, { type: "message.failed", data });
}
