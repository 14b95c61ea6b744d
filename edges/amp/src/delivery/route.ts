/**
 * A message on its way in: checked in the documented order, the first fault answers and nothing
 * else has happened; then accepted by the store, then delivered.
 */
import {
  type Address,
  canonicalText,
  expandAddress,
  formatAddress,
  type JsonText,
  makeId,
  parsePublicKey,
  type Trust,
  verifyMessage,
} from "@ams/amp";
import { type AgentRecord, isSuspended, readRecord, refOf } from "../agents/record.ts";
import { type Amp, domainsOf } from "../amp.ts";
import { claimAttachments, readAttachments, settleAttachments } from "../attachments/claims.ts";
import { type Answer, answer, bad, badField, good, refuse, type Step } from "../http/answer.ts";
import type { Caller } from "../http/call.ts";
import { isoOf } from "../http/fields.ts";
import { acceptInto, refuseAcceptance, refusePolicy } from "./accept.ts";
import { claimIdempotency, type Idempotency } from "./idempotency.ts";
import { routeToMesh, withoutHost } from "./mesh.ts";
import { type Draft, readDraft } from "./message.ts";
import { routeToPeer } from "./peer-route.ts";
import { quarantineOrRefuse, recordRisk } from "./quarantine.ts";
import { judgeMessage } from "./security.ts";
import { envelopeOf, findRecipient, routed, type Sending, THREAD_MS } from "./sending.ts";
import { threadOf } from "./threads.ts";

export async function routeMessage(amp: Amp, caller: Caller, json: JsonText): Promise<Answer> {
  const began = performance.now();
  const result = await tryRoute(amp, caller.record, json);
  amp.metrics.routeSeconds.observe((performance.now() - began) / 1_000);
  if (result.ok) return result.value;
  amp.metrics.routes.inc({ outcome: "refused" });
  return result.refusal;
}

async function tryRoute(amp: Amp, sender: AgentRecord, json: JsonText): Promise<Step<Answer>> {
  if (isSuspended(sender, amp.now()))
    return bad(refuse("agent_suspended", "This agent is suspended: ask the provider's operator."));
  const read = readDraft(json, amp.now());
  if (!read.ok) return read;
  const draft = read.value;
  const { from } = draft;
  if (from !== undefined && from !== null) {
    const own = typeof from === "string" && from.toLowerCase() === sender.address;
    if (!own) return bad(refuse("forbidden", "from must be absent, or the sender's own address."));
  }
  const home = { tenant: sender.tenant, domain: amp.config.AMS_AMP_DOMAIN };
  const expanded = expandAddress(draft.to, home, domainsOf(amp));
  if (expanded === null)
    return bad(badField("to", false, "to must be an address such as name@tenant.provider.org."));
  const signed = verify(amp, sender, draft, expanded);
  if (!signed.ok) return signed;
  const to = withoutHost(amp.mesh, expanded, sender.tenant);
  const fresh = { sender, draft, id: makeId("msg", amp.now()), to };
  // Without a key nothing is claimed before the look-ups, and all are asked for at once.
  const isAtOnce = draft.idempotencyKey === null && to.provider === amp.config.AMS_AMP_DOMAIN;
  const [isRevoked, lookedUp] = await Promise.all([
    signed.value.verified && isKeyRevoked(amp, sender),
    isAtOnce ? lookUp(amp, fresh) : null,
  ]);
  if (isRevoked) return bad(refuse("key_revoked", "The registered key is revoked."));
  const idempotency = await claimIdempotency(amp, sender, draft, () => canonicalText(json.root));
  if (idempotency.kind === "answered") return good(idempotency.answer);
  const id = idempotency.id ?? fresh.id;
  const sending = { ...fresh, id, ...signed.value, lookedUp };
  return settle(idempotency, () => dispatch(amp, sending));
}

/** The answer is remembered, a refusal or failure isn't. */
async function settle(
  idempotency: Exclude<Idempotency, { kind: "answered" }>,
  act: () => Promise<Step<Answer>>,
): Promise<Step<Answer>> {
  try {
    const result = await act();
    if (result.ok) await idempotency.complete(result.value);
    else await idempotency.release();
    return result;
  } catch (error) {
    // The claim ends by itself: a retry goes on with the same id.
    return Promise.reject(error);
  }
}

function verify(amp: Amp, sender: AgentRecord, draft: Draft, to: Address) {
  const { signature, subject, priority, in_reply_to, payload } = draft;
  const full = formatAddress(to);
  if (signature === null) {
    const isOurs = to.provider === amp.config.AMS_AMP_DOMAIN;
    const isNeeded = !isOurs || amp.tenants.ruleOf(sender.tenant).signaturesRequired;
    if (isNeeded) return bad(refuse("signature_missing", "This message must be signed."));
    return good({ verified: false, signedTo: null });
  }
  const key = parsePublicKey(sender.public_key);
  const fields = { from: sender.address, to: full, subject, priority, in_reply_to };
  const message = { recipients: [draft.to, full], payload: payload.node };
  const signedTo = key === null ? null : verifyMessage(key, fields, message, signature);
  amp.metrics.verifications.inc({ outcome: signedTo === null ? "invalid" : "valid" });
  if (signedTo === null)
    return bad(
      refuse(
        "signature_invalid",
        "The signature isn't one by the registered key over from|to|subject|priority|in_reply_to|payload_hash.",
      ),
    );
  return good({ verified: true, signedTo: signedTo === full ? null : signedTo });
}

async function isKeyRevoked({ store }: Amp, { fingerprint }: AgentRecord): Promise<boolean> {
  return (await store.read(fingerprint, `revoked:${fingerprint}`)) !== null;
}

async function lookUp(amp: Amp, sending: Pick<Sending, "sender" | "draft" | "id" | "to">) {
  const [found, thread] = await Promise.all([
    findRecipient(amp, sending.to),
    threadOf(amp, sending),
  ]);
  return { found, thread };
}

async function dispatch(amp: Amp, sending: Sending): Promise<Step<Answer>> {
  const { to } = sending;
  const isOurs = to.provider === amp.config.AMS_AMP_DOMAIN;
  if (amp.mesh !== null && isOurs) {
    const forwarded = await routeToMesh(amp, amp.mesh, sending);
    if (forwarded !== null) return forwarded;
  }
  return isOurs ? routeLocally(amp, sending) : routeToPeer(amp, sending);
}

async function routeLocally(amp: Amp, sending: Sending): Promise<Step<Answer>> {
  const { sender, draft, id, to, verified, signedTo } = sending;
  const { store, now } = amp;
  const { found, thread } = sending.lookedUp ?? (await lookUp(amp, sending));
  if (found === null) return bad(refuse("not_found", "Nobody has the address in to."));
  const recipient = readRecord(found.record);
  const policy = refusePolicy(recipient, sender.address, now());
  if (policy !== null) return bad(policy);
  const listed = readAttachments(draft.payload.attachments);
  if (!listed.ok) return listed;
  const attached = await claimAttachments(amp, sender, listed.value, id);
  if (!attached.ok) return attached;
  const trust = trustOf(sender, recipient, verified);
  const attachments = attached.value.security;
  const parties = { from: sender.address, to: recipient.address };
  const { subject, payload } = draft;
  const message = { ...parties, subject, payload, trust, verified, attachments };
  const judged = judgeMessage(message, amp.work.recent, now());
  const envelope = envelopeOf(sending, formatAddress(to), thread, now());
  const acceptance = {
    id,
    recipient,
    envelope,
    payloadText: draft.payload.text,
    key: sender.public_key,
    verified,
    judged,
    signedTo,
    expiresAtMs: draft.expiresAtMs,
    processes: found.processes,
    meta: {
      from: sender.address,
      to: recipient.address,
      tenant: sender.tenant,
      sender: sender.id,
      receipt: draft.receipt,
      thread,
    },
  };
  const held = await quarantineOrRefuse(amp, refOf(sender), acceptance);
  if (held !== null) {
    if (!held.ok) await attached.value.release();
    return held;
  }
  const record = JSON.stringify(threadRecord(acceptance.meta));
  const [accepted] = await Promise.all([
    acceptInto(amp, acceptance),
    store.write(id, `thread:${id}`, record, THREAD_MS),
  ]);
  if (accepted.outcome === "refused") {
    await attached.value.release();
    return bad(refuseAcceptance(accepted.why));
  }
  await settleAttachments(amp, listed.value, id, [sender.address, recipient.address]);
  await recordRisk(amp, refOf(sender), judged);
  const { status, method, atMs, basis } = accepted.delivery;
  const at = status === "delivered" ? { delivered_at: isoOf(atMs) } : { queued_at: isoOf(atMs) };
  return good(routed(amp, status, answer({ id, status, method, ...at, basis })));
}

function threadRecord({ thread, from, to }: { thread: string; from: string; to: string }) {
  return { thread, from, to };
}

function trustOf(sender: AgentRecord, recipient: AgentRecord, verified: boolean): Trust {
  if (!verified) return "untrusted";
  return sender.tenant === recipient.tenant ? "verified" : "external";
}
