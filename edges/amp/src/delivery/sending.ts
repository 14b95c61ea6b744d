/** A message on its way, as the routes to its recipient share it. */
import { type Address, formatAddress, tenantOf } from "@ams/amp";
import type { AgentRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import type { Answer } from "../http/answer.ts";
import { isoOf } from "../http/fields.ts";
import type { Resolved } from "../store/store.ts";
import type { Draft } from "./message.ts";

/** Milliseconds that a thread is remembered. */
export const THREAD_MS = 30 * 86_400_000;

export type Sending = {
  readonly sender: AgentRecord;
  readonly draft: Draft;
  readonly id: string;
  readonly to: Address;
  readonly verified: boolean;
  /** The recipient as it was signed. */
  readonly signedTo: string | null;
  /** The recipient and the thread; null where they are not looked up yet. */
  readonly lookedUp: { readonly found: Resolved | null; readonly thread: string } | null;
};

/** What is answered to the sender of a message that was accepted. */
export function routed(amp: Amp, status: string, result: Answer): Answer {
  amp.metrics.routes.inc({ outcome: status });
  return result;
}

/** The recipient; null when nobody has the address. */
export function findRecipient(amp: Amp, to: Address): Promise<Resolved | null> {
  return amp.store.resolve(tenantOf(to), formatAddress(to), to.name, amp.now());
}

/** The envelope as text: what the provider assigns, and what the sender said. */
export function envelopeOf(
  { sender, draft, id }: Pick<Sending, "sender" | "draft" | "id">,
  to: string,
  thread: string,
  nowMs: number,
): string {
  return JSON.stringify({
    version: "amp/0.1",
    id,
    from: sender.address,
    to,
    subject: draft.subject,
    priority: draft.priority,
    timestamp: isoOf(nowMs),
    signature: draft.signature,
    in_reply_to: draft.in_reply_to,
    thread_id: thread,
    ...(draft.expiresAtMs === null ? {} : { expires_at: isoOf(draft.expiresAtMs) }),
  });
}
