/** Takes a message into the recipient's queue, then delivers it as far as that goes at once. */

import { isAddressMatch } from "@ams/amp";
import { type AgentRecord, isSuspended, refOf } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { type Refusal, refuse } from "../http/answer.ts";
import { isoOf } from "../http/fields.ts";
import type { Queued } from "../store/store.ts";
import { expiryOf, type Kept, type Meta, writeKept } from "./message.ts";
import type { Judgement } from "./security.ts";
import { WEBHOOK_DELAYS_MS, webhookJob } from "./webhook.ts";

export type Incoming = {
  readonly id: string;
  readonly recipient: AgentRecord;
  /** As text: a forwarded one is kept as it came. */
  readonly envelope: string;
  readonly payloadText: string;
  readonly key: string | null;
  readonly verified: boolean;
  readonly judged: Judgement;
  readonly signedTo: string | null;
  readonly expiresAtMs: number | null;
  /** Processes that have sockets of the recipient. */
  readonly processes: readonly string[];
  readonly meta: Meta;
};

export type Delivery = {
  readonly status: "delivered" | "queued";
  readonly method: "websocket" | "webhook" | "relay";
  readonly atMs: number;
  readonly basis: "socket_written" | "webhook_2xx" | "queued";
};

export type AcceptResult =
  | { readonly outcome: "accepted"; readonly delivery: Delivery; readonly isNew: boolean }
  | { readonly outcome: "refused"; readonly why: "full" | "rate" | "gone" };

/** Milliseconds that a message's id is remembered. */
const REMEMBER_MS = 30 * 86_400_000;
/** Milliseconds that a sender waits for a webhook. */
const WEBHOOK_WAIT_MS = 5_000;

/** Why the recipient takes no message of this sender; null when it does. */
export function refusePolicy(recipient: AgentRecord, from: string, nowMs: number): Refusal | null {
  if (isSuspended(recipient, nowMs))
    return refuse("recipient_suspended", "The recipient is suspended.");
  const { mode, allow } = recipient.policy;
  if (mode === "open" || allow.some((pattern) => isAddressMatch(pattern, from))) return null;
  const details = { reason: "communication_policy" };
  return refuse("forbidden", "The recipient takes no messages from this sender.", { details });
}

export function refuseAcceptance(why: "full" | "rate" | "gone"): Refusal {
  switch (why) {
    case "gone":
      return refuse("not_found", "Nobody has the address in to.");
    case "full": {
      const more = { details: { reason: "queue_full" }, retry_after: 60 };
      return refuse("rate_limited", "The recipient's queue is full.", more);
    }
    case "rate": {
      const more = { details: { reason: "recipient_rate" }, retry_after: 60 };
      return refuse("rate_limited", "The recipient gets too many messages now.", more);
    }
  }
}

export async function acceptInto(amp: Amp, incoming: Incoming): Promise<AcceptResult> {
  const { id, recipient, judged, meta } = incoming;
  const nowMs = amp.now();
  const began = performance.now();
  const expiresAtMs = expiryOf(incoming.expiresAtMs, nowMs);
  const kept: Kept = {
    e: incoming.envelope,
    p: incoming.payloadText,
    key: incoming.key,
    received_at: isoOf(nowMs),
    verified: incoming.verified,
    security: judged.security,
    wrapped: judged.wrapped,
    signed_to: incoming.signedTo,
    receipt: meta.receipt,
  };
  const body = writeKept(kept);
  const agent = refOf(recipient);
  const hasWebhook = recipient.delivery.webhook_url !== null;
  const accepted = await amp.store.accept(
    {
      agent,
      id,
      body,
      meta: JSON.stringify(meta),
      expiresAtMs,
      rememberUntilMs: Math.max(expiresAtMs, nowMs) + REMEMBER_MS,
      queueMax: amp.config.AMS_AMP_QUEUE_MAX,
      receivedMax: amp.config.AMS_AMP_RECEIVED_PER_MINUTE,
      job: hasWebhook ? webhookJob(agent, id, 1, nowMs + WEBHOOK_DELAYS_MS[1]) : null,
    },
    nowMs,
  );
  if (accepted.outcome === "seen") {
    const delivery = { status: "queued", method: "relay", atMs: nowMs, basis: "queued" } as const;
    return { outcome: "accepted", delivery, isNew: false };
  }
  if (accepted.outcome !== "accepted") {
    if (accepted.outcome === "full") amp.metrics.queueRefusals.inc();
    return { outcome: "refused", why: accepted.outcome };
  }
  const queued = { id, n: accepted.n, body, queuedAtMs: nowMs, expiresAtMs };
  const delivery = await deliver(amp, incoming, queued);
  amp.metrics.deliverySeconds.observe(
    { method: delivery.method },
    (performance.now() - began) / 1_000,
  );
  return { outcome: "accepted", delivery, isNew: true };
}

async function deliver(amp: Amp, incoming: Incoming, queued: Queued): Promise<Delivery> {
  const { recipient } = incoming;
  const hasWebhook = recipient.delivery.webhook_url !== null;
  const bySocket = () => tryProcesses(amp, incoming, queued);
  const byWebhook = () => tryWebhook(amp, recipient, queued);
  const tries =
    hasWebhook && !recipient.delivery.prefer_websocket
      ? ([
          ["webhook", byWebhook],
          ["websocket", bySocket],
        ] as const)
      : ([
          ["websocket", bySocket],
          ["webhook", byWebhook],
        ] as const);
  for (const [method, attempt] of tries) {
    if (method === "webhook" && !hasWebhook) continue;
    if (!(await attempt())) continue;
    if (method === "websocket" && hasWebhook) await amp.work.forgetWebhook(recipient, queued.id);
    const basis = method === "websocket" ? "socket_written" : "webhook_2xx";
    return { status: "delivered", method, atMs: amp.now(), basis };
  }
  return { status: "queued", method: "relay", atMs: queued.queuedAtMs, basis: "queued" };
}

/** This process's sockets first; then those of others, by a notification on the wire. */
async function tryProcesses(amp: Amp, incoming: Incoming, queued: Queued): Promise<boolean> {
  const agent = refOf(incoming.recipient);
  const others = incoming.processes.filter((one) => one !== amp.processId);
  const here = amp.feeds.has(agent) ? amp.feeds.push(agent, queued) : Promise.resolve(false);
  const isGiven = incoming.recipient.hasInboxLink === true;
  const isAwaited = others.length > 0;
  const rung = amp.wire.ring(agent, { id: queued.id, n: queued.n, isAwaited, isGiven });
  if (others.length === 0) return here;
  const isTrue = async (one: Promise<boolean>) => ((await one) ? true : Promise.reject());
  return Promise.any([isTrue(here), isTrue(rung)]).catch(() => false);
}

function tryWebhook(amp: Amp, recipient: AgentRecord, queued: Queued): Promise<boolean> {
  const attempt = amp.work.tryWebhook(recipient, queued, 1);
  const late = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), WEBHOOK_WAIT_MS).unref();
  });
  return Promise.race([attempt, late]);
}
