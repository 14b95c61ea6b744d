/** Messages for other providers' agents: kept, sent, tried again until they expire. */
import { formatAddress, isDomain } from "@ams/amp";
import { type AgentRecord, refOf } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { claimAttachments, readAttachments, settleAttachments } from "../attachments/claims.ts";
import { type Answer, answer, bad, good, type Refusal, refuse, type Step } from "../http/answer.ts";
import { isoOf } from "../http/fields.ts";
import type { AgentRef } from "../store/store.ts";
import { expiryOf } from "./message.ts";
import { parseObject } from "./peers.ts";
import { sendFailed } from "./receipts.ts";
import { envelopeOf, routed, type Sending, THREAD_MS } from "./sending.ts";
import { threadOf } from "./threads.ts";
import type { Next } from "./work.ts";

/** Milliseconds that the sender waits for the other provider. */
const WAIT_MS = 5_000;
/** Milliseconds before each further try; the last one repeats, with up to a tenth more. */
const DELAYS_MS: readonly number[] = [30_000, 120_000, 600_000, 3_600_000];
/** Milliseconds for which a rotation is shown to peers. */
const ROTATION_MS = 90 * 86_400_000;
const BODY_BYTES_MAX = 1_048_576;

export type PeerJob = {
  readonly kind: "peer";
  readonly sender: AgentRef;
  readonly id: string;
  readonly to: string;
  readonly domain: string;
  readonly body: string;
  readonly revoked: string | null;
  readonly attempt: number;
  readonly untilMs: number;
};

type Outcome =
  | { readonly kind: "accepted"; readonly delivered: boolean; readonly method: string }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "later" };

export async function routeToPeer(amp: Amp, sending: Sending): Promise<Step<Answer>> {
  const { sender, draft, id, to } = sending;
  const domain = to.provider;
  const untrusted = refuse("external_provider", "Messages aren't exchanged with that provider.");
  if (!isDomain(domain) || !amp.peers.isTrusted(domain)) return bad(untrusted);
  const listed = readAttachments(draft.payload.attachments);
  if (!listed.ok) return listed;
  if (listed.value.length > 0) {
    const peer = await amp.peers.find(domain);
    if (peer !== null && !peer.capabilities.includes("attachments"))
      return bad(refuse("attachments_not_supported", "That provider takes no attachments."));
  }
  const attached = await claimAttachments(amp, sender, listed.value, id);
  if (!attached.ok) return attached;
  const full = formatAddress(to);
  const thread = await threadOf(amp, sending);
  const nowMs = amp.now();
  const envelope = envelopeOf(sending, full, thread, nowMs);
  const key = JSON.stringify(sender.public_key);
  const body = `{"envelope":${envelope},"payload":${draft.payload.text},"sender_public_key":${key}}`;
  const job: PeerJob = {
    kind: "peer",
    sender: refOf(sender),
    id,
    to: full,
    domain,
    body,
    revoked: recentlyRotated(sender, nowMs),
    attempt: 0,
    untilMs: expiryOf(draft.expiresAtMs, nowMs),
  };
  const jobId = `peer:${id}`;
  const atMs = nowMs + (DELAYS_MS[0] ?? 0);
  const value = JSON.stringify({ ...job, attempt: 1 });
  await amp.store.schedule(sender.tenant, { id: jobId, atMs, value });
  await amp.store.write(id, `thread:${id}`, threadText(sender, full, thread), THREAD_MS);
  const attempt = firstTry(amp, job, jobId);
  const late = new Promise<Outcome>((resolve) => {
    setTimeout(() => resolve({ kind: "later" }), WAIT_MS).unref();
  });
  const outcome = await Promise.race([attempt, late]);
  if (outcome.kind === "refused") {
    await attached.value.release();
    return bad(outcome.refusal);
  }
  await settleAttachments(amp, listed.value, id, [sender.address, full]);
  return good(answerOf(amp, id, outcome));
}

function threadText({ address: from }: AgentRecord, to: string, thread: string): string {
  return JSON.stringify({ thread, from, to });
}

function recentlyRotated({ previous }: AgentRecord, nowMs: number): string | null {
  return previous !== null && previous.atMs + ROTATION_MS > nowMs ? previous.fingerprint : null;
}

function answerOf(amp: Amp, id: string, outcome: Exclude<Outcome, { kind: "refused" }>): Answer {
  const at = isoOf(amp.now());
  if (outcome.kind === "accepted" && outcome.delivered) {
    const { method } = outcome;
    const body = { id, status: "delivered", method, delivered_at: at, basis: "peer_accepted" };
    return routed(amp, "delivered", answer(body));
  }
  const basis = outcome.kind === "accepted" ? "peer_accepted" : "queued";
  const body = { id, status: "queued", method: "relay", queued_at: at, basis };
  return routed(amp, "queued", answer(body));
}

async function firstTry(amp: Amp, job: PeerJob, jobId: string): Promise<Outcome> {
  const outcome = await postToPeer(amp, job);
  if (outcome.kind !== "later") await amp.store.finish(job.sender.tenant, jobId);
  return outcome;
}

/** A later try, of a job that is due. */
export async function retryPeer(amp: Amp, text: string): Promise<{ at: string; next: Next }> {
  const job: PeerJob = JSON.parse(text);
  const at = job.sender.tenant;
  const fail = async (error: string) => {
    await sendFailed(amp, job.sender, { id: job.id, to: job.to, error });
    return { at, next: null };
  };
  if (job.untilMs <= amp.now()) return fail("expired");
  const outcome = await postToPeer(amp, job);
  if (outcome.kind === "accepted") return { at, next: null };
  if (outcome.kind === "refused") return fail(outcome.refusal.fault);
  const delayMs = DELAYS_MS[Math.min(job.attempt, DELAYS_MS.length - 1)] ?? 0;
  const jitterMs = Math.random() * 0.1 * delayMs;
  const atMs = Math.min(amp.now() + delayMs + jitterMs, job.untilMs);
  return { at, next: { atMs, value: JSON.stringify({ ...job, attempt: job.attempt + 1 }) } };
}

async function postToPeer(amp: Amp, job: PeerJob): Promise<Outcome> {
  const outcome = await tryPeer(amp, job);
  const { domain: provider, id } = job;
  amp.metrics.federation.inc({ direction: "sent", outcome: outcome.kind });
  amp.log.info({ event: "federation_sent", provider, id, outcome: outcome.kind }, "sent");
  return outcome;
}

async function tryPeer(amp: Amp, { domain, body, revoked }: PeerJob): Promise<Outcome> {
  const peer = await amp.peers.find(domain);
  if (peer === null) return { kind: "later" };
  const headers = {
    "content-type": "application/json",
    ...amp.peers.signedHeaders({ body }),
    ...(revoked === null ? {} : { "x-amp-key-revoked": revoked }),
  };
  const isListed = amp.config.AMS_AMP_PEERS.has(domain);
  const url = `${peer.endpoint}/federation/deliver`;
  const request = { method: "POST", headers, body, bytesMax: BODY_BYTES_MAX } as const;
  const sent = await amp.outgoing.request(url, request, isListed);
  if (!sent.ok || sent.status >= 500 || sent.status === 429) return { kind: "later" };
  const reply = parseObject(sent.body) ?? {};
  if (sent.status === 200 && reply.accepted === true) {
    const method =
      reply.method === "websocket" || reply.method === "webhook" ? reply.method : "relay";
    return { kind: "accepted", delivered: reply.delivered === true, method };
  }
  const error = typeof reply.error === "string" ? reply.error.slice(0, 64) : "";
  if (error === "duplicate_message") {
    return { kind: "accepted", delivered: false, method: "relay" };
  }
  if (sent.status === 404)
    return { kind: "refused", refusal: refuse("not_found", "Nobody has that address there.") };
  // The clocks differ for now: it isn't the message's fault.
  if (sent.status === 400 && error.startsWith("timestamp_")) return { kind: "later" };
  if (sent.status < 400) return { kind: "later" };
  const details = { error };
  const message = "The recipient's provider doesn't take this message.";
  return { kind: "refused", refusal: refuse("external_provider", message, { details }) };
}
