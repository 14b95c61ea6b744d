/** Messages for agents on other hosts of the same local network. */
import { lookup } from "node:dns/promises";
import {
  type Address,
  formatAddress,
  hmacSignature,
  isHmacSignature,
  parsePublicKey,
  timedBody,
  timedGet,
} from "@ams/amp";
import { refOf } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { type Answer, answer, bad, good, refuse, type Step } from "../http/answer.ts";
import { isoOf } from "../http/fields.ts";
import type { AgentRef } from "../store/store.ts";
import type { Mesh, MeshHost } from "./mesh-file.ts";
import { expiryOf } from "./message.ts";
import { parseObject, skewFault } from "./peers.ts";
import { sendFailed } from "./receipts.ts";
import { findRecipient, routed, type Sending } from "./sending.ts";
import type { Next } from "./work.ts";

/** Milliseconds for which it is remembered on which host an agent lives. */
const PLACE_MS = 60_000;
const DELAYS_MS: readonly number[] = [30_000, 120_000, 600_000, 3_600_000];

type MeshJob = {
  readonly kind: "mesh";
  readonly sender: AgentRef;
  readonly id: string;
  readonly to: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly attempt: number;
  readonly untilMs: number;
};

const places = new Map<string, { readonly host: string; readonly untilMs: number }>();

/** Null when the message is for this host. */
export async function routeToMesh(
  amp: Amp,
  mesh: Mesh,
  sending: Sending,
): Promise<Step<Answer> | null> {
  const named = mesh.others.find(({ id }) => id === sending.to.scope[0]);
  if (named !== undefined) return forward(amp, mesh, named, sending, true);
  if ((await findRecipient(amp, sending.to)) !== null) return null;
  const host = await findHost(amp, mesh, formatAddress(sending.to));
  return host === null ? null : forward(amp, mesh, host, sending, false);
}

/** An address with this host's id in it is one without. */
export function withoutHost(mesh: Mesh | null, to: Address, senderTenant: string): Address {
  const [first, second, ...rest] = to.scope;
  if (mesh === null || first !== mesh.self.id) return to;
  return { ...to, scope: second === undefined ? [senderTenant] : [second, ...rest] };
}

async function findHost(amp: Amp, mesh: Mesh, address: string): Promise<MeshHost | null> {
  const known = places.get(address);
  if (known !== undefined && known.untilMs > amp.now())
    return mesh.others.find(({ id }) => id === known.host) ?? null;
  const path = `/agents/resolve/${address}`;
  for (const host of mesh.others) {
    const headers = meshHeaders(amp, mesh, host, { path });
    const url = `${host.url}/v1${path}`;
    const reply = await amp.outgoing.request(url, { method: "GET", headers }, true);
    note(mesh, host, reply.ok);
    if (!reply.ok || reply.status !== 200) continue;
    places.set(address, { host: host.id, untilMs: amp.now() + PLACE_MS });
    return host;
  }
  return null;
}

function note(mesh: Mesh, { id }: MeshHost, isReachable: boolean): void {
  if (isReachable) mesh.reachable.add(id);
  else mesh.reachable.delete(id);
}

export function meshHeaders(
  { now }: Pick<Amp, "now">,
  mesh: Mesh,
  { secret }: MeshHost,
  what: { readonly body: string } | { readonly path: string },
): Readonly<Record<string, string>> {
  const from = { "x-forwarded-from": mesh.self.id };
  if (secret === null) return from;
  const timestamp = String(Math.floor(now() / 1_000));
  const text = "body" in what ? timedBody(timestamp, what.body) : timedGet(timestamp, what.path);
  return {
    ...from,
    "x-amp-timestamp": timestamp,
    "x-amp-mesh-signature": hmacSignature(secret, text),
  };
}

async function forward(
  amp: Amp,
  mesh: Mesh,
  host: MeshHost,
  { sender, draft, id, to }: Sending,
  isNamed: boolean,
): Promise<Step<Answer>> {
  const full = formatAddress(to);
  const forwarded = {
    original_from: sender.address,
    original_to: draft.to,
    forwarded_by: mesh.self.id,
    forwarded_at: isoOf(amp.now()),
  };
  const members = {
    from: sender.address,
    to: full,
    subject: draft.subject,
    priority: draft.priority,
    in_reply_to: draft.in_reply_to,
    thread_id: draft.thread_id,
    ...(draft.expiresAtMs === null ? {} : { expires_at: isoOf(draft.expiresAtMs) }),
    signature: draft.signature,
    _forwarded: forwarded,
  };
  const body = `${JSON.stringify(members).slice(0, -1)},"payload":${draft.payload.text}}`;
  const raw = parsePublicKey(sender.public_key)?.raw?.toString("hex") ?? sender.public_key;
  const headers = {
    "content-type": "application/json",
    "x-amp-envelope-id": id,
    ...(draft.signature === null ? {} : { "x-amp-signature": draft.signature }),
    "x-amp-sender-key": raw.replaceAll("\n", "\\n"),
  };
  const untilMs = expiryOf(draft.expiresAtMs, amp.now());
  const place = { sender: refOf(sender), id, to: full, host: host.id };
  const job: MeshJob = { kind: "mesh", ...place, headers, body, attempt: 1, untilMs };
  const spec = { id: `mesh:${id}`, atMs: amp.now() + 30_000, value: JSON.stringify(job) };
  if (isNamed) await amp.store.schedule(sender.tenant, spec);
  const reply = await post(amp, mesh, host, job);
  if (!reply.ok || reply.status >= 500 || reply.status === 429) {
    if (!isNamed) return bad(refuse("not_found", "Nobody has the address in to."));
    const at = isoOf(amp.now());
    const queued = { id, status: "queued", method: "relay", queued_at: at, basis: "queued" };
    return good(routed(amp, "queued", answer(queued)));
  }
  if (isNamed) await amp.store.finish(sender.tenant, spec.id);
  return readReply(amp, host, id, reply);
}

function readReply(
  amp: Amp,
  { id: remote_host }: MeshHost,
  id: string,
  reply: { readonly status: number; readonly body: string },
): Step<Answer> {
  const said = parseObject(reply.body) ?? {};
  if (reply.status >= 400) {
    const isUnknown = reply.status === 404;
    const details = { error: String(said.error ?? "").slice(0, 64), remote_host };
    const refusal = isUnknown
      ? refuse("not_found", "Nobody has the address in to.")
      : refuse("external_provider", "The other host doesn't take this message.", { details });
    return bad(refusal);
  }
  const isDelivered = said.status === "delivered";
  const status = isDelivered ? "delivered" : "queued";
  const at = isoOf(amp.now());
  const time = isDelivered ? { delivered_at: at } : { queued_at: at };
  const body = { id, status, method: "mesh", ...time, remote_host, basis: "peer_accepted" };
  return good(routed(amp, status, answer(body)));
}

async function post(amp: Amp, mesh: Mesh, host: MeshHost, job: MeshJob) {
  const headers = { ...job.headers, ...meshHeaders(amp, mesh, host, { body: job.body }) };
  const url = `${host.url}/v1/route`;
  const reply = await amp.outgoing.request(url, { method: "POST", headers, body: job.body }, true);
  note(mesh, host, reply.ok);
  return reply;
}

export async function retryMesh(amp: Amp, text: string): Promise<{ at: string; next: Next }> {
  const job: MeshJob = JSON.parse(text);
  const at = job.sender.tenant;
  const host = amp.mesh?.others.find(({ id }) => id === job.host);
  const fail = async (error: string) => {
    await sendFailed(amp, job.sender, { id: job.id, to: job.to, error });
    return { at, next: null };
  };
  if (amp.mesh === null || host === undefined || job.untilMs <= amp.now()) return fail("expired");
  const reply = await post(amp, amp.mesh, host, job);
  if (reply.ok && reply.status < 400) return { at, next: null };
  if (reply.ok && reply.status < 500 && reply.status !== 429) return fail("not_found");
  const delayMs = DELAYS_MS[Math.min(job.attempt, DELAYS_MS.length - 1)] ?? 0;
  const value = JSON.stringify({ ...job, attempt: job.attempt + 1 });
  return { at, next: { atMs: amp.now() + delayMs * (1 + Math.random() * 0.1), value } };
}

/** The host that a request proves to come from; null when it doesn't. */
export async function proveHost(
  amp: Amp,
  mesh: Mesh,
  request: { readonly headers: Headers; readonly address: string },
  what: { readonly body: Buffer } | { readonly path: string },
): Promise<MeshHost | null> {
  const { headers, address } = request;
  const host = mesh.others.find(({ id }) => id === headers.get("x-forwarded-from"));
  if (host === undefined) return null;
  if (host.secret !== null) {
    const timestamp = headers.get("x-amp-timestamp") ?? "";
    if (skewFault(timestamp, amp.now()) !== null) return null;
    const text = "body" in what ? timedBody(timestamp, what.body) : timedGet(timestamp, what.path);
    const given = headers.get("x-amp-mesh-signature") ?? "";
    return isHmacSignature(host.secret, text, given) ? host : null;
  }
  const plain = address.replace(/^::ffff:/, "");
  if (host.addresses.includes(plain)) return host;
  const { hostname } = new URL(host.url);
  const found = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true }).catch(() => []);
  return found.some((one) => one.address === plain) ? host : null;
}
