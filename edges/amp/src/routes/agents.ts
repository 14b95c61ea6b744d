/** An agent's own record, and what it may see of others. */
import {
  CARD_LIFE_MS_MAX,
  expandAddress,
  formatAddress,
  isCardSignature,
  isFingerprintOf,
  memberOf,
  parsePublicKey,
  tenantOf,
} from "@ams/amp";
import {
  type AgentRecord,
  memberText,
  ownView,
  publicView,
  readMember,
  readRecord,
  refOf,
  writeRecord,
} from "../agents/record.ts";
import { type Amp, domainsOf } from "../amp.ts";
import { type Answer, answer, badField, refuse } from "../http/answer.ts";
import type { Call, Caller } from "../http/call.ts";
import { isAbsent, isoOf, membersOf, timeOf } from "../http/fields.ts";
import { revoke } from "./keys.ts";
import { changeProfile } from "./profile.ts";

/** Milliseconds that an address given up is held. */
const HOLD_MS = 30 * 86_400_000;
/** Milliseconds that another provider's agent is remembered. */
const FOREIGN_MS = 3_600_000;
const LIMIT = 20;
const LIMIT_MAX = 100;
const NEVER_CHANGED = ["name", "public_key", "key_algorithm", "tenant", "address", "agent_id"];

export async function getMe(amp: Amp, _call: Call, { record }: Caller): Promise<Answer> {
  const seen = await amp.store.read(record.tenant, `seen:${record.id}`);
  return answer(ownView(record, seen === null ? record.registeredAtMs : Number(seen)));
}

export async function patchMe(amp: Amp, call: Call, caller: Caller): Promise<Answer> {
  const body = membersOf(call.json.value) ?? {};
  const fixed = NEVER_CHANGED.find((name) => body[name] !== undefined);
  if (fixed !== undefined) return badField(fixed, false, `${fixed} can't be changed.`);
  const { record, text } = caller;
  const changed = changeProfile(amp, body, record);
  if (!changed.ok) return changed.refusal;
  const { secret, ...profile } = changed.value;
  const next: AgentRecord = { ...record, ...profile };
  const member = { address: record.address, text: memberText(next) };
  if (!(await amp.store.save(refOf(record), text, writeRecord(next), member)))
    return refuse("unavailable", "The agent was changed meanwhile: try again.");
  const shown = secret === null ? {} : { delivery: { webhook_secret: secret } };
  return answer({ updated: true, address: record.address, ...shown });
}

export async function deleteMe(amp: Amp, _call: Call, caller: Caller): Promise<Answer> {
  const { record, text } = caller;
  if (!(await deregister(amp, record, text)))
    return refuse("unavailable", "The agent was changed meanwhile: try again.");
  const { address } = record;
  return answer({ deregistered: true, address, deregistered_at: isoOf(amp.now()) });
}

/** Ends an agent: its keys, queue, attachments and webhooks. */
export async function deregister(amp: Amp, record: AgentRecord, text: string): Promise<boolean> {
  const agent = refOf(record);
  const { tenant, id, name, address, fingerprint, keys } = record;
  const claim = { tenant, id, name, address, fingerprint, record: text };
  if (!(await amp.store.deregister(claim, HOLD_MS))) return false;
  for (const { hash } of keys) await amp.store.remove(hash, `apikey:${hash}`);
  await amp.store.remove(id, `agentid:${id}`);
  await revoke(amp, fingerprint, address, "agent_deregistered", null);
  while ((await amp.store.wipe(agent)) > 0);
  amp.feeds.close(agent, 4003, "deregistered");
  await amp.wire.ended(agent, "deregistered");
  return true;
}

export async function listAgents(amp: Amp, { query }: Call, { record }: Caller): Promise<Answer> {
  const tenant = query.get("tenant") ?? record.tenant;
  if (tenant.toLowerCase() !== record.tenant)
    return refuse("tenant_access_denied", "Agents of another tenant aren't listed.");
  const limit = Number(query.get("limit") ?? LIMIT);
  if (!Number.isInteger(limit) || limit < 1)
    return badField("limit", false, "limit must be a whole number from 1 to 100.");
  const cursor = query.get("cursor");
  const after = cursor === null ? "" : Buffer.from(cursor, "base64url").toString();
  const search = (query.get("search") ?? "").toLowerCase();
  const all = (await amp.store.members(record.tenant))
    .map(readMember)
    .filter(({ address, alias }) => `${address}\n${alias ?? ""}`.toLowerCase().includes(search))
    .toSorted((a, b) => (a.address < b.address ? -1 : 1));
  const rest = all.filter(({ address }) => address > after);
  const page = rest.slice(0, Math.min(limit, LIMIT_MAX));
  const agents = await Promise.all(
    page.map(async ({ address, alias }) => {
      const name = address.slice(0, address.indexOf("@"));
      const found = await amp.store.resolve(record.tenant, address, name, amp.now());
      return { address, alias, online: (found?.processes.length ?? 0) > 0 };
    }),
  );
  const last = page.at(-1);
  const hasMore = last !== undefined && rest.length > page.length;
  const more = hasMore
    ? { cursor: Buffer.from(last.address).toString("base64url"), has_more: true }
    : { has_more: false };
  return answer({ agents, total: all.length, ...more });
}

/** For an agent, or for another provider or mesh host that has proven itself. */
export async function resolveAgent(
  amp: Amp,
  { params }: Call,
  caller: Caller | null,
): Promise<Answer> {
  const { AMS_AMP_DOMAIN: domain } = amp.config;
  const tenant = caller?.record.tenant ?? "";
  const to = expandAddress(params.address ?? "", { tenant, domain }, domainsOf(amp));
  const notFound = refuse("not_found", "Nobody has this address.");
  if (to === null) return notFound;
  if (to.provider !== domain)
    return caller === null ? notFound : resolveForeign(amp, to.provider, formatAddress(to));
  const address = formatAddress(to);
  const found = await amp.store.resolve(tenantOf(to), address, to.name, amp.now());
  if (found === null) return notFound;
  return answer(publicView(readRecord(found.record), found.processes.length > 0));
}

async function resolveForeign(amp: Amp, domain: string, address: string): Promise<Answer> {
  const known = await amp.store.read(address, `resolved:${address}`);
  if (known !== null) return { status: 200, body: known };
  const notFound = refuse("not_found", "Nobody has this address, as far as it can be asked.");
  if (!amp.peers.isTrusted(domain)) return notFound;
  const found = await amp.peers.resolve(domain, address);
  if (found.outcome === "unknown")
    return refuse("unavailable", "The other provider can't be asked now: try again.");
  if (found.outcome === "none") return notFound;
  const key = parsePublicKey(String(found.agent.public_key ?? ""));
  const fingerprint = String(found.agent.fingerprint ?? "");
  if (key === null || !isFingerprintOf(fingerprint, key)) return notFound;
  const text = JSON.stringify({ ...found.agent, address });
  await amp.store.write(address, `resolved:${address}`, text, FOREIGN_MS);
  return { status: 200, body: text };
}

export async function getCard(amp: Amp, { endpoint }: Call, { record }: Caller): Promise<Answer> {
  if (record.card !== null) return { status: 200, body: record.card };
  const { id, address, alias, public_key, key_algorithm, fingerprint } = record;
  return answer({
    amp_agent_card: "1.0",
    id,
    address,
    ...(alias === null ? {} : { alias }),
    public_key,
    key_algorithm,
    fingerprint,
    provider_endpoint: endpoint,
    capabilities: record.capabilities,
    issued_at: isoOf(amp.now()),
    expires_at: isoOf(amp.now() + CARD_LIFE_MS_MAX),
    signature: null,
    provider_asserted: true,
  });
}

export async function putCard(amp: Amp, call: Call, { record, text }: Caller): Promise<Answer> {
  const card = membersOf(call.json.value) ?? {};
  const own = parsePublicKey(record.public_key);
  if (card.amp_agent_card !== "1.0")
    return badField("amp_agent_card", isAbsent(card.amp_agent_card), 'It must be "1.0".');
  if (card.address !== record.address)
    return badField("address", isAbsent(card.address), "It must be the agent's own address.");
  const key = typeof card.public_key === "string" ? parsePublicKey(card.public_key) : null;
  if (own === null || key?.fingerprint !== own.fingerprint)
    return badField("public_key", isAbsent(card.public_key), "It must be the registered key.");
  if (card.key_algorithm !== own.algorithm)
    return badField("key_algorithm", isAbsent(card.key_algorithm), "It isn't what the key is.");
  if (typeof card.fingerprint !== "string" || !isFingerprintOf(card.fingerprint, own))
    return badField("fingerprint", isAbsent(card.fingerprint), "It isn't that of the key.");
  const [issued, expires] = [timeOf(card.issued_at), timeOf(card.expires_at)];
  if (issued === null) return badField("issued_at", isAbsent(card.issued_at), "It must be a time.");
  if (expires === null || expires <= issued || expires - issued > CARD_LIFE_MS_MAX)
    return badField("expires_at", isAbsent(card.expires_at), "It must be within six months.");
  const { signature } = card;
  if (typeof signature !== "string")
    return badField("signature", isAbsent(signature), "It must be base64 text.");
  if (
    memberOf(call.json.root, "signature") === null ||
    !isCardSignature(own, call.json.root, signature)
  )
    return refuse("signature_invalid", "The card isn't signed by the registered key.");
  const next = { ...record, card: call.json.text };
  if (!(await amp.store.save(refOf(record), text, writeRecord(next), null)))
    return refuse("unavailable", "The agent was changed meanwhile: try again.");
  return { status: 200, body: call.json.text };
}

export function getInbox(amp: Amp, _call: Call, caller: Caller): Promise<Answer> {
  return showInbox(amp, caller, false);
}

export function renewInbox(amp: Amp, _call: Call, caller: Caller): Promise<Answer> {
  return showInbox(amp, caller, true);
}

async function showInbox(amp: Amp, { record, text }: Caller, isNew: boolean): Promise<Answer> {
  const agent = refOf(record);
  const inbox = await amp.wire.inbox(agent, isNew);
  if (inbox !== null) {
    const next = writeRecord({ ...record, hasInboxLink: true });
    if (record.hasInboxLink !== true) await amp.store.save(agent, text, next, null);
    return answer(inbox);
  }
  return refuse("unavailable", "The deployment can't be asked now: try again.");
}
