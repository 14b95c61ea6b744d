/**
 * What happens to messages with hints of injection from outside the tenant, where the operator
 * enforces it; and how much of that an agent sends.
 */
import { makeId } from "@ams/amp";
import { readRecord, refOf, writeRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { audit } from "../audit.ts";
import { type Answer, answer, bad, good, refuse, type Step } from "../http/answer.ts";
import { isoOf } from "../http/fields.ts";
import type { AgentRef } from "../store/store.ts";
import { acceptInto, type Incoming } from "./accept.ts";
import type { Judgement } from "./security.ts";
import { postSigned } from "./webhook.ts";

const QUARANTINE_MS = 72 * 3_600_000;
/** Quarantined messages that are kept at a time. */
const QUARANTINE_MAX = 10_000;
const DAY_MS = 86_400_000;
/** Percent at which an agent is of low, medium and high risk. */
const LEVELS = [10, 30, 60] as const;
/** Messages below which a share says nothing. */
const RISK_MESSAGES_MIN = 5;

export type QuarantineState = "pending" | "approved" | "rejected" | "expired";

export type Quarantined = {
  readonly id: string;
  readonly state: QuarantineState;
  readonly atMs: number;
  readonly incoming: Incoming;
};

type Handled = "total" | "flagged" | "quarantined" | "blocked";

/** Null when the message goes on. */
export async function quarantineOrRefuse(
  amp: Amp,
  sender: AgentRef | null,
  incoming: Incoming,
): Promise<Step<Answer> | null> {
  const { judged } = incoming;
  const isOutside = judged.security.trust !== "verified";
  if (amp.config.AMS_AMP_CONTENT_POLICY !== "enforce" || !isOutside) return null;
  switch (judged.severity) {
    case "critical":
      if (sender !== null) await countRisk(amp, sender, "blocked");
      return bad(refuse("content_blocked", "This message is not delivered here."));
    case "high": {
      const { id } = incoming;
      const atMs = await hold(amp, incoming);
      if (sender !== null) await countRisk(amp, sender, "quarantined");
      amp.metrics.routes.inc({ outcome: "quarantined" });
      return good(answer({ id, status: "quarantined", quarantined_at: isoOf(atMs) }, 202));
    }
    default:
      return null;
  }
}

/** The same message again is the same entry: its id is made from the message's. */
async function hold(amp: Amp, incoming: Incoming): Promise<number> {
  const known = await amp.store.read(incoming.id, `quarantine-of:${incoming.id}`);
  const id = known ?? makeId("qtn", amp.now());
  const atMs = amp.now();
  const entry: Quarantined = { id, state: "pending", atMs, incoming };
  await amp.store.claim(incoming.id, `quarantine-of:${incoming.id}`, id, QUARANTINE_MS);
  await amp.store.claim(id, `quarantine:${id}`, JSON.stringify(entry), QUARANTINE_MS * 2);
  await amp.store.list("quarantine", "quarantine", id, atMs, QUARANTINE_MAX);
  return atMs;
}

export async function readQuarantine(amp: Amp, id: string) {
  const text = await amp.store.read(id, `quarantine:${id}`);
  if (text === null) return null;
  const entry: Quarantined = JSON.parse(text);
  const hasExpired = entry.state === "pending" && entry.atMs + QUARANTINE_MS <= amp.now();
  const state: QuarantineState = hasExpired ? "expired" : entry.state;
  return { text, entry: { ...entry, state } };
}

/** What an administrator sees of it: no content. */
export function quarantineView({ id, state, atMs, incoming }: Quarantined) {
  const { meta, judged } = incoming;
  return {
    id,
    state,
    message_id: incoming.id,
    from: meta.from,
    to: meta.to,
    injection_flags: judged.security.injection_flags,
    severity: judged.severity,
    quarantined_at: isoOf(atMs),
    expires_at: isoOf(atMs + QUARANTINE_MS),
  };
}

/** Null when there is no such entry; the entry as it is when it was decided before. */
export async function decide(amp: Amp, id: string, to: "approved" | "rejected") {
  const found = await readQuarantine(amp, id);
  if (found === null || found.entry.state !== "pending") return found?.entry ?? null;
  const entry: Quarantined = { ...found.entry, state: to };
  if (to === "approved") {
    const { recipient } = entry.incoming;
    const { value } = await amp.store.enter(recipient.tenant, `agent:${recipient.id}`, [], 0);
    if (value !== null)
      await acceptInto(amp, { ...entry.incoming, recipient: readRecord(value), processes: [] });
  }
  await amp.store.swap(id, `quarantine:${id}`, found.text, JSON.stringify(entry), QUARANTINE_MS);
  return entry;
}

/** A message of this sender was accepted. */
export async function recordRisk(amp: Amp, sender: AgentRef, judged: Judgement): Promise<void> {
  if (amp.config.AMS_AMP_CONTENT_POLICY !== "enforce") return;
  const { injection_flags } = judged.security;
  await countRisk(amp, sender, injection_flags.length > 0 ? "flagged" : "total");
}

type Risk = { readonly [Kind in Handled]: number } & { readonly sinceMs: number };

const NO_RISK: Risk = { total: 0, flagged: 0, quarantined: 0, blocked: 0, sinceMs: 0 };

export async function readRisk(amp: Amp, { tenant, id }: AgentRef) {
  const text = await amp.store.read(tenant, `risk:${id}`);
  const risk: Risk = text === null ? NO_RISK : JSON.parse(text);
  return { text, risk: risk.sinceMs + DAY_MS <= amp.now() ? NO_RISK : risk };
}

export function riskOf({ total, flagged, quarantined, blocked }: Risk) {
  const share = total === 0 ? 0 : ((3 * blocked + 2 * quarantined + flagged) / total) * 100;
  const score = Math.min(100, Math.round(share));
  const level = total < RISK_MESSAGES_MIN ? 0 : LEVELS.filter((from) => score >= from).length;
  return { score, level: ["none", "low", "medium", "high"][level] ?? "none", rank: level };
}

async function countRisk(amp: Amp, agent: AgentRef, kind: Handled): Promise<void> {
  const { text, risk } = await readRisk(amp, agent);
  const counted = kind === "total" ? risk : { ...risk, [kind]: risk[kind] + 1 };
  const sinceMs = risk.sinceMs === 0 ? amp.now() : risk.sinceMs;
  const next: Risk = { ...counted, total: risk.total + 1, sinceMs };
  const after = JSON.stringify(next);
  const key = `risk:${agent.id}`;
  if (text === null) await amp.store.write(agent.tenant, key, after, DAY_MS);
  else await amp.store.swap(agent.tenant, key, text, after, DAY_MS);
  const { rank, score, level } = riskOf(next);
  if (rank <= riskOf(risk).rank) return;
  amp.log.warn({ event: "risk_level", agent: agent.id, score, level }, "an agent's risk rose");
  await reportRisk(amp, agent, { score, level });
  if (rank === LEVELS.length && amp.config.AMS_AMP_RISK_SUSPEND) await suspend(amp, agent);
}

async function reportRisk(amp: Amp, { id }: AgentRef, state: { score: number; level: string }) {
  const url = amp.config.AMS_AMP_RISK_WEBHOOK;
  if (url === null) return;
  const body = JSON.stringify({ agent_id: id, ...state });
  const secret = amp.secrets.seal(amp.secrets.macOf("risk-webhook"));
  await postSigned(amp, url, secret, body, {});
}

async function suspend(amp: Amp, { tenant, id }: AgentRef): Promise<void> {
  const { value } = await amp.store.enter(tenant, `agent:${id}`, [], 0);
  if (value === null) return;
  const record = readRecord(value);
  const suspended = { reason: "risk", untilMs: null, atMs: amp.now() };
  await amp.store.save(refOf(record), value, writeRecord({ ...record, suspended }), null);
  amp.feeds.close(refOf(record), 4003, "agent_suspended");
  await amp.wire.ended(refOf(record), "agent_suspended");
  await audit(amp, "suspended", { agent: id, reason: "risk" });
}
