/** What administrators do: suspensions, quarantine, risk, revocations. Each is audited. */
import { readRecord, refOf, type Suspension, writeRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { audit } from "../audit.ts";
import {
  decide,
  quarantineView,
  readQuarantine,
  readRisk,
  riskOf,
} from "../delivery/quarantine.ts";
import { type Answer, answer, badField, refuse } from "../http/answer.ts";
import type { Call } from "../http/call.ts";
import { isAbsent, isoOf, membersOf, timeOf } from "../http/fields.ts";
import type { AgentRef } from "../store/store.ts";
import { type RevocationReason, revoke } from "./keys.ts";

const REASON_CHARACTERS_MAX = 256;
/** Quarantined messages that one answer shows. */
const LISTED_MAX = 100;
const REASONS: readonly RevocationReason[] = [
  "key_compromise",
  "key_rotation",
  "agent_deregistered",
  "admin_action",
];

async function findById(amp: Amp, id: string) {
  const index = await amp.store.read(id, `agentid:${id}`);
  if (index === null) return null;
  const { tenant }: { tenant: string } = JSON.parse(index);
  const { value } = await amp.store.enter(tenant, `agent:${id}`, [], amp.now());
  return value === null ? null : { record: readRecord(value), text: value };
}

const NO_AGENT = () => refuse("not_found", "There is no such agent.");

export async function suspend(amp: Amp, call: Call): Promise<Answer> {
  const { reason = null, expires_at } = membersOf(call.json.value) ?? {};
  const isReason = typeof reason === "string" && reason.length <= REASON_CHARACTERS_MAX;
  if (reason !== null && !isReason)
    return badField("reason", false, "reason must be text of at most 256 characters.");
  const untilMs = isAbsent(expires_at) ? null : timeOf(expires_at);
  if (!isAbsent(expires_at) && untilMs === null)
    return badField("expires_at", false, "expires_at must be a time.");
  const suspended: Suspension = { reason: isReason ? reason : null, untilMs, atMs: amp.now() };
  return setSuspension(amp, call, suspended);
}

export function unsuspend(amp: Amp, call: Call): Promise<Answer> {
  return setSuspension(amp, call, null);
}

async function setSuspension(amp: Amp, call: Call, suspended: Suspension | null): Promise<Answer> {
  const found = await findById(amp, call.params.agent_id ?? "");
  if (found === null) return NO_AGENT();
  const { record, text } = found;
  const agent = refOf(record);
  if (!(await amp.store.save(agent, text, writeRecord({ ...record, suspended }), null)))
    return refuse("unavailable", "The agent was changed meanwhile: try again.");
  if (suspended !== null) {
    amp.feeds.close(agent, 4003, "agent_suspended");
    await amp.wire.ended(agent, "agent_suspended");
  }
  const event = suspended === null ? "unsuspended" : "suspended";
  await audit(amp, event, { agent: record.id });
  const until = suspended?.untilMs ?? null;
  return answer({
    agent_id: record.id,
    address: record.address,
    suspended: suspended !== null,
    reason: suspended?.reason ?? null,
    expires_at: until === null ? null : isoOf(until),
  });
}

export async function listQuarantine(amp: Amp): Promise<Answer> {
  const ids = await amp.store.listed("quarantine", "quarantine", LISTED_MAX);
  const found = await Promise.all(ids.map((id) => readQuarantine(amp, id)));
  return answer({ quarantine: found.flatMap((one) => (one ? [quarantineView(one.entry)] : [])) });
}

export function approve(amp: Amp, call: Call): Promise<Answer> {
  return judge(amp, call, "approved");
}

export function reject(amp: Amp, call: Call): Promise<Answer> {
  return judge(amp, call, "rejected");
}

async function judge(amp: Amp, { params }: Call, to: "approved" | "rejected"): Promise<Answer> {
  const id = params.qtn_id ?? "";
  const entry = await decide(amp, id, to);
  if (entry === null) return refuse("not_found", "There is no such quarantined message.");
  await audit(amp, `quarantine_${to}`, { id, state: entry.state });
  return answer(quarantineView(entry));
}

export async function getRisk(amp: Amp, { params }: Call): Promise<Answer> {
  const found = await findById(amp, params.agent_id ?? "");
  if (found === null) return NO_AGENT();
  const agent: AgentRef = refOf(found.record);
  const { risk } = await readRisk(amp, agent);
  const { sinceMs: _, ...counts } = risk;
  const { score, level } = riskOf(risk);
  return answer({ agent_id: agent.id, address: found.record.address, score, level, ...counts });
}

export async function addRevocation(amp: Amp, call: Call): Promise<Answer> {
  const { fingerprint, agent_address, reason } = membersOf(call.json.value) ?? {};
  const isFingerprint =
    typeof fingerprint === "string" && /^SHA256:[A-Za-z0-9+/]{43}=$/.test(fingerprint);
  if (!isFingerprint)
    return badField("fingerprint", isAbsent(fingerprint), "fingerprint must be SHA256:…");
  if (typeof agent_address !== "string" || agent_address.length > 254)
    return badField("agent_address", isAbsent(agent_address), "agent_address is needed.");
  const known = REASONS.find((one) => one === reason);
  if (known === undefined)
    return badField("reason", isAbsent(reason), `reason must be one of ${REASONS.join(", ")}.`);
  const revocation = await revoke(amp, fingerprint, agent_address.toLowerCase(), known, null);
  await audit(amp, "revoked", { fingerprint, reason: known });
  return answer(revocation);
}
