/** Messages that another host of the local network forwards: proven, then as if sent here. */
import {
  type Address,
  expandAddress,
  formatAddress,
  type JsonText,
  parseAnyKey,
  type Trust,
  tenantOf,
  verifyMessage,
} from "@ams/amp";
import { readRecord } from "../agents/record.ts";
import { type Amp, domainsOf } from "../amp.ts";
import { acceptInto, refuseAcceptance, refusePolicy } from "../delivery/accept.ts";
import { proveHost, withoutHost } from "../delivery/mesh.ts";
import type { Mesh, MeshHost } from "../delivery/mesh-file.ts";
import { type Draft, readDraft } from "../delivery/message.ts";
import { isMessageId } from "../delivery/peers.ts";
import { judgeMessage } from "../delivery/security.ts";
import { findRecipient, THREAD_MS } from "../delivery/sending.ts";
import { type Answer, answer, bad, badField, good, refuse, type Step } from "../http/answer.ts";
import { parseObject } from "../http/body.ts";
import type { Call } from "../http/call.ts";
import { isoOf } from "../http/fields.ts";

const KEY_MS = 90 * 86_400_000;

export async function receiveFromHost(amp: Amp, mesh: Mesh, call: Call): Promise<Answer> {
  const { request, address } = call;
  const { headers } = request;
  const host = await proveHost(amp, mesh, { headers, address }, { body: call.bytes });
  if (host === null)
    return refuse("unauthorized", "X-Forwarded-From isn't proven to be a host of this mesh.");
  const json = parseObject(call.bytes);
  if (!json.ok) return json.refusal;
  const result = await take(amp, mesh, host, headers, json.value);
  return result.ok ? result.value : result.refusal;
}

async function take(
  amp: Amp,
  mesh: Mesh,
  host: MeshHost,
  headers: Headers,
  json: JsonText,
): Promise<Step<Answer>> {
  const read = readDraft(json, amp.now());
  if (!read.ok) return read;
  const draft = read.value;
  const home = { tenant: "", domain: amp.config.AMS_AMP_DOMAIN };
  const from =
    typeof draft.from === "string" ? expandAddress(draft.from, home, domainsOf(amp)) : null;
  if (from === null) return bad(badField("from", false, "from must be the sender's address."));
  const id = headers.get("x-amp-envelope-id");
  if (!isMessageId(id)) return bad(badField("X-AMP-Envelope-Id", id === null, "It must be an id."));
  const expanded = expandAddress(draft.to, { ...home, tenant: tenantOf(from) }, domainsOf(amp));
  if (expanded === null) return bad(badField("to", false, "to must be an address."));
  const known = await amp.store.read(id, `mesh:${id}`);
  if (known !== null) return good({ status: 200, body: known });
  const verified = await verify(amp, mesh, { from, to: expanded, draft, headers });
  if (!verified.ok) return verified;
  const to = withoutHost(mesh, expanded, tenantOf(from));
  const result = await deliver(amp, { id, from, to, draft, key: verified.value, host });
  if (result.ok) {
    const body = String(result.value.body);
    await amp.store.write(id, `mesh:${id}`, body, 7 * 86_400_000);
  }
  return result;
}

type Unverified = {
  readonly from: Address;
  readonly to: Address;
  readonly draft: Draft;
  readonly headers: Headers;
};

/** The sender's key where the signature verifies; null where none is asked for. */
async function verify(
  amp: Amp,
  mesh: Mesh,
  { from, to, draft, headers }: Unverified,
): Promise<Step<string | null>> {
  const given = headers.get("x-amp-sender-key");
  const key = given === null ? null : parseAnyKey(given.replaceAll("\\n", "\n"));
  const signature = headers.get("x-amp-signature") ?? draft.signature;
  const isStrict = mesh.signatures === "strict";
  if (key === null)
    return isStrict
      ? bad(refuse("key_not_found", "X-AMP-Sender-Key must be the sender's key."))
      : good(null);
  if (signature === null)
    return isStrict ? bad(refuse("signature_missing", "The message must be signed.")) : good(null);
  const { subject, priority, in_reply_to, payload } = draft;
  const fields = { from: formatAddress(from), to: draft.to, subject, priority, in_reply_to };
  const recipients = [draft.to, formatAddress(to), originalTo(draft)].flatMap((one) => one ?? []);
  const isSigned = verifyMessage(key, fields, { recipients, payload: payload.node }, signature);
  if (isSigned === null)
    return isStrict
      ? bad(refuse("signature_invalid", "The signature doesn't verify."))
      : good(null);
  const address = formatAddress(from);
  const kept = await amp.store.claim(address, `peerkey:${address}`, key.fingerprint, KEY_MS);
  if (kept !== null && kept !== key.fingerprint && isStrict)
    return bad(refuse("key_mismatch", "Another key is known for the sender."));
  return good(key.pem);
}

function originalTo({ to }: Draft): string {
  return to.slice(0, Math.max(0, to.indexOf("@")));
}

async function deliver(
  amp: Amp,
  message: {
    readonly id: string;
    readonly from: Address;
    readonly to: Address;
    readonly draft: Draft;
    readonly key: string | null;
    readonly host: MeshHost;
  },
): Promise<Step<Answer>> {
  const { id, to, draft, key } = message;
  const from = formatAddress(message.from);
  const found = await findRecipient(amp, to);
  if (found === null) return bad(refuse("not_found", "Nobody has the address in to."));
  const recipient = readRecord(found.record);
  const policy = refusePolicy(recipient, from, amp.now());
  if (policy !== null) return bad(policy);
  // Hosts of one mesh trust each other: nothing is wrapped between them.
  const trust: Trust = "verified";
  const { subject, payload } = draft;
  const parties = { from, to: recipient.address, subject, payload };
  const verified = key !== null;
  const judged = judgeMessage({ ...parties, trust, verified }, amp.work.recent, amp.now());
  const thread = draft.thread_id ?? draft.in_reply_to ?? id;
  const envelope = JSON.stringify({
    version: "amp/0.1",
    id,
    from,
    to: recipient.address,
    subject,
    priority: draft.priority,
    timestamp: isoOf(amp.now()),
    signature: draft.signature,
    in_reply_to: draft.in_reply_to,
    thread_id: thread,
    ...(draft.expiresAtMs === null ? {} : { expires_at: isoOf(draft.expiresAtMs) }),
  });
  const accepted = await acceptInto(amp, {
    id,
    recipient,
    envelope,
    payloadText: payload.text,
    key,
    verified,
    judged,
    signedTo: draft.to === recipient.address ? null : draft.to,
    expiresAtMs: draft.expiresAtMs,
    processes: found.processes,
    meta: { from, to: recipient.address, tenant: null, sender: null, receipt: false, thread },
  });
  if (accepted.outcome === "refused") return bad(refuseAcceptance(accepted.why));
  const record = JSON.stringify({ thread, from, to: recipient.address });
  await amp.store.write(id, `thread:${id}`, record, THREAD_MS);
  const { status, method, atMs, basis } = accepted.delivery;
  const at = status === "delivered" ? { delivered_at: isoOf(atMs) } : { queued_at: isoOf(atMs) };
  return good(answer({ id, status, method, ...at, basis }));
}
