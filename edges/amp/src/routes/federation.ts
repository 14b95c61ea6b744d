/** Messages from other providers, checked in the documented order. */
import {
  type Address,
  AHEAD_S_MAX,
  formatAddress,
  type JsonText,
  memberOf,
  PRIORITIES,
  type PublicKey,
  parseAddress,
  parseAnyKey,
  sourceOf,
  timedBody,
  verifyMessage,
  verifyText,
} from "@ams/amp";
import { readRecord } from "../agents/record.ts";
import { type Amp, domainsOf } from "../amp.ts";
import { acceptInto, type Incoming, refusePolicy } from "../delivery/accept.ts";
import { expiryOf, readPayload } from "../delivery/message.ts";
import { isMessageId, parseObject, skewFault } from "../delivery/peers.ts";
import { quarantineOrRefuse } from "../delivery/quarantine.ts";
import { judgeMessage } from "../delivery/security.ts";
import { findRecipient, THREAD_MS } from "../delivery/sending.ts";
import {
  type Answer,
  answer,
  bad,
  badField,
  good,
  type Refusal,
  refuse,
  type Step,
} from "../http/answer.ts";
import { hide } from "../http/auth.ts";
import { parseObject as parseBody } from "../http/body.ts";
import type { Call } from "../http/call.ts";
import { isAbsent, type Members, membersOf, textField, timeOf } from "../http/fields.ts";
import { countersOf, judge } from "../http/rates.ts";
import { checkSenderKey } from "./sender-keys.ts";

const PER_PROVIDER = 100;
const IN_ALL = 1_000;
const PER_RECIPIENT = 20;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SCANS = ["clean", "basic_clean", "suspicious"];

type Forwarded = {
  readonly json: JsonText;
  readonly envelope: Members;
  readonly id: string;
  readonly from: Address;
  readonly to: Address;
  readonly expiresAtMs: number | null;
};

export async function receive(amp: Amp, call: Call): Promise<Answer> {
  const result = await tryReceive(amp, call);
  const outcome = result.ok ? "accepted" : "refused";
  amp.metrics.federation.inc({ direction: "received", outcome });
  if (result.ok) return result.value;
  const { body, ...refusal } = result.refusal;
  return { ...refusal, body: JSON.stringify({ accepted: false, ...JSON.parse(String(body)) }) };
}

async function tryReceive(amp: Amp, call: Call): Promise<Step<Answer>> {
  const domain = (call.request.headers.get("x-amp-provider") ?? "").toLowerCase();
  const proven = await proveProvider(amp, call, domain, { body: call.bytes });
  if (proven !== null) return bad(proven);
  const rates = await countProvider(amp, domain);
  if (rates !== null) return bad(rates);
  const json = parseBody(call.bytes);
  if (!json.ok) return json;
  const read = readForwarded(amp, json.value, domain);
  if (!read.ok) return read;
  const result = await take(amp, call, domain, read.value);
  const outcome = result.ok ? "accepted" : result.refusal.fault;
  const event = { event: "federation_received", provider: domain, id: read.value.id, outcome };
  amp.log.info(event, "received");
  return result;
}

/** Null when the request is signed by that provider, whom we trust. */
export async function proveProvider(
  amp: Amp,
  { request }: Pick<Call, "request">,
  domain: string,
  what: { readonly body: Buffer } | { readonly get: string },
): Promise<Refusal | null> {
  for (const name of ["X-AMP-Provider", "X-AMP-Timestamp", "X-AMP-Signature"]) {
    if (!request.headers.has(name)) return badField(name, true, `The header ${name} is needed.`);
  }
  if (!amp.peers.isTrusted(domain))
    return refuse("provider_not_trusted", "Messages aren't exchanged with this provider.");
  const timestamp = request.headers.get("x-amp-timestamp") ?? "";
  const skew = skewFault(timestamp, amp.now());
  if (skew !== null)
    return refuse(skew, "X-AMP-Timestamp must be within 300 s, and at most 60 s ahead.");
  const signature = request.headers.get("x-amp-signature") ?? "";
  const text = "body" in what ? timedBody(timestamp, what.body) : `${timestamp}.${what.get}`;
  const verifies = (key: PublicKey | undefined) =>
    key !== undefined && verifyText(key, text, signature);
  if (verifies((await amp.peers.find(domain))?.key)) return null;
  if (verifies((await amp.peers.findAfresh(domain))?.key)) return null;
  return refuse("unauthorized", "The provider's signature doesn't verify.");
}

async function countProvider(amp: Amp, domain: string): Promise<Refusal | null> {
  const rates = [
    { name: "federation", windowMs: MINUTE_MS, limit: PER_PROVIDER },
    { name: "federation-all", windowMs: MINUTE_MS, limit: IN_ALL },
  ];
  const [own = [], all = []] = rates.map((rate) => [rate]);
  const one = await amp.store.enter("federation", null, countersOf(own, domain), amp.now());
  const every = await amp.store.enter("federation", null, countersOf(all, "all"), amp.now());
  return judge(rates, [...one.counts, ...every.counts], amp.now()).refusal;
}

function readForwarded(amp: Amp, json: JsonText, domain: string): Step<Forwarded> {
  const envelope = membersOf(membersOf(json.value)?.envelope);
  if (envelope === null) return bad(badField("envelope", true, "envelope must be an object."));
  const expiresAtMs = isAbsent(envelope.expires_at) ? null : timeOf(envelope.expires_at);
  const atMs = timeOf(envelope.timestamp);
  if (atMs === null) {
    const isMissing = isAbsent(envelope.timestamp);
    return bad(badField("envelope.timestamp", isMissing, "envelope.timestamp must be a time."));
  }
  const nowMs = amp.now();
  if (atMs > nowMs + AHEAD_S_MAX * 1_000)
    return bad(refuse("timestamp_future", "envelope.timestamp is in the future."));
  if (expiryOf(expiresAtMs, atMs) <= nowMs)
    return bad(refuse("timestamp_expired", "The message has expired."));
  const { id } = envelope;
  if (!isMessageId(id))
    return bad(badField("envelope.id", isAbsent(id), "envelope.id must be a message's."));
  const isText = (text: string) => text.length <= 254;
  const from = textField(envelope.from, "envelope.from", isText, "an address");
  if (!from.ok) return from;
  const to = textField(envelope.to, "envelope.to", isText, "an address");
  if (!to.ok) return to;
  const domains = [...domainsOf(amp), domain];
  const [sender, recipient] = [from.value, to.value].map((text) => parseAddress(text, domains));
  if (sender === null || sender === undefined)
    return bad(badField("envelope.from", false, "envelope.from must be an address."));
  if (recipient === null || recipient === undefined)
    return bad(badField("envelope.to", false, "envelope.to must be an address."));
  if (sender.provider !== domain)
    return bad(refuse("forbidden", "envelope.from isn't of the provider that signed."));
  if (recipient.provider !== amp.config.AMS_AMP_DOMAIN)
    return bad(refuse("recipient_not_found", "The recipient isn't of this provider."));
  const isSubject = (text: string) => /^[^\r\n\0]{1,256}$/u.test(text);
  const { priority } = envelope;
  if (!isAbsent(priority) && !PRIORITIES.some((one) => one === priority))
    return bad(badField("envelope.priority", false, "It must be urgent, high, normal or low."));
  const subject = textField(envelope.subject, "envelope.subject", isSubject, "a subject");
  if (!subject.ok) return subject;
  return good({ json, envelope, id, from: sender, to: recipient, expiresAtMs });
}

async function take(
  amp: Amp,
  call: Call,
  domain: string,
  { json, envelope, id, from, to, expiresAtMs }: Forwarded,
): Promise<Step<Answer>> {
  const payload = readPayload(json);
  if (!payload.ok) return payload;
  const { signature, in_reply_to } = envelope;
  if (isAbsent(signature)) return bad(refuse("signature_missing", "The message must be signed."));
  const given = membersOf(json.value)?.sender_public_key;
  const key = typeof given === "string" ? parseAnyKey(given) : null;
  if (key === null)
    return bad(badField("sender_public_key", isAbsent(given), "It must be a public key."));
  const [sender, recipientAddress] = [formatAddress(from), formatAddress(to)];
  const fields = {
    from: String(envelope.from),
    to: String(envelope.to),
    subject: String(envelope.subject),
    priority: String(envelope.priority ?? "normal"),
    in_reply_to: typeof in_reply_to === "string" ? in_reply_to : null,
  };
  const recipients = [...shortFormsOf(amp, from, to, String(envelope.to)), recipientAddress];
  const message = { recipients, payload: payload.value.node };
  const signed = verifyMessage(key, fields, message, String(signature));
  if (signed === null) return bad(refuse("signature_invalid", "The signature doesn't verify."));
  const known = await checkSenderKey(amp, domain, sender, key, call.request.headers);
  if (known !== null) return bad(known);
  const revoked = await amp.store.read(key.fingerprint, `revoked:${key.fingerprint}`);
  if (revoked !== null) return bad(refuse("key_revoked", "The sender's key is revoked."));
  const scanned = checkScans(payload.value.attachments);
  if (scanned !== null) return bad(scanned);
  const seen = await claimSeen(amp, domain, id, recipientAddress, expiryOf(expiresAtMs, amp.now()));
  if (seen === "duplicate") return bad(refuse("duplicate_message", "This message was taken."));
  const delivered = await deliver(amp, { json, id, from: sender, to, expiresAtMs, key, fields });
  const seenKey = `seen:${domain}:${id}`;
  if (delivered.ok) await amp.store.write(domain, seenKey, "done", seenMs(amp, expiresAtMs));
  else if (delivered.refusal.fault !== "duplicate_message") await amp.store.remove(domain, seenKey);
  return delivered;
}

function shortFormsOf(amp: Amp, from: Address, to: Address, asSent: string): readonly string[] {
  const tenant = to.scope.at(-1);
  const isHome = from.provider === amp.config.AMS_AMP_DOMAIN;
  return isHome ? [asSent, to.name, `${to.name}@${tenant}`] : [asSent];
}

function checkScans(attachments: unknown): Refusal | null {
  if (!Array.isArray(attachments)) return null;
  const isBad = attachments.some((one) => {
    const { scan_status } = membersOf(one) ?? {};
    return !isAbsent(scan_status) && !SCANS.some((good) => good === scan_status);
  });
  return isBad
    ? refuse("attachment_rejected", "An attachment hasn't passed the sender's scan.")
    : null;
}

function seenMs(amp: Amp, expiresAtMs: number | null): number {
  return Math.max(DAY_MS, expiryOf(expiresAtMs, amp.now()) - amp.now());
}

/**
 * `taken` also for one whose process died before it was done: the queue itself takes an id once.
 */
async function claimSeen(amp: Amp, domain: string, id: string, to: string, untilMs: number) {
  const ttl = Math.max(DAY_MS, untilMs - amp.now());
  const had = await amp.store.claim(domain, `seen:${domain}:${id}`, to, ttl);
  return had === null || had === to ? "taken" : "duplicate";
}

async function deliver(
  amp: Amp,
  message: {
    readonly json: JsonText;
    readonly id: string;
    readonly from: string;
    readonly to: Address;
    readonly expiresAtMs: number | null;
    readonly key: PublicKey;
    readonly fields: { readonly subject: string };
  },
): Promise<Step<Answer>> {
  const { json, id, from, to, key, expiresAtMs, fields } = message;
  const found = await findRecipient(amp, to);
  if (found === null) return bad(refuse("recipient_not_found", "Nobody has this address."));
  const recipient = readRecord(found.record);
  const refused = refusePolicy(recipient, from, amp.now());
  if (refused !== null) return bad(refuse("forbidden", "The recipient takes no such messages."));
  const limit = { name: "federation-to", windowMs: MINUTE_MS, limit: PER_RECIPIENT };
  const counters = countersOf([limit], hide(recipient.id));
  const { counts } = await amp.store.enter("federation", null, counters, amp.now());
  const rate = judge([limit], counts, amp.now()).refusal;
  if (rate !== null) return bad(rate);
  const payload = readPayload(json);
  const envelope = memberOf(json.root, "envelope");
  if (!payload.ok || envelope === null) return bad(refuse("invalid_request", "No message."));
  const parties = { from, to: recipient.address, subject: fields.subject };
  const judgement = {
    ...parties,
    payload: payload.value,
    trust: "external",
    verified: true,
  } as const;
  const given = parseObject(sourceOf(json, envelope));
  const thread = isMessageId(given?.thread_id) ? given.thread_id : id;
  const incoming: Incoming = {
    id,
    recipient,
    envelope: sourceOf(json, envelope),
    payloadText: payload.value.text,
    key: key.pem,
    verified: true,
    judged: judgeMessage(judgement, amp.work.recent, amp.now()),
    signedTo: null,
    expiresAtMs,
    processes: found.processes,
    meta: { from, to: recipient.address, tenant: null, sender: null, receipt: false, thread },
  };
  const held = await quarantineOrRefuse(amp, null, incoming);
  if (held !== null)
    return held.ok
      ? good(answer({ accepted: true, id, delivered: false, method: "relay" }))
      : bad(refuse("forbidden", "The recipient takes no such messages."));
  const record = JSON.stringify({ thread, from, to: recipient.address });
  const [accepted] = await Promise.all([
    acceptInto(amp, incoming),
    amp.store.write(id, `thread:${id}`, record, THREAD_MS),
  ]);
  if (accepted.outcome === "refused") {
    const isGone = accepted.why === "gone";
    return bad(
      isGone
        ? refuse("recipient_not_found", "Nobody has this address.")
        : refuse("rate_limited", "The recipient's queue is full.", { retry_after: 60 }),
    );
  }
  if (!accepted.isNew) return bad(refuse("duplicate_message", "This message was taken."));
  const { status, method } = accepted.delivery;
  return good(answer({ accepted: true, id, delivered: status === "delivered", method }));
}
