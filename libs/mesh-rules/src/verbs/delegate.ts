/** Delegating an intent to an agent, an agent to a sub-agent, and approving (M5.4, M6.3, M8.1). */
import type { Json, JsonObject } from "@ams/provenance";
import { canonical } from "@ams/provenance";
import { chooseAttestors } from "../attestors.ts";
import { narrow } from "../constraints.ts";
import {
  availOf,
  type Delegation,
  deadlineOf,
  escrowOf,
  isOpen,
  refuseState,
  requireOpen,
  sumOf,
} from "../delegation.ts";
import { type Draft, decisionJson } from "../draft.ts";
import { type Envelope, type Intent, PRIME } from "../envelope.ts";
import { type Extra, reject } from "../errors.ts";
import { isDid, textOf, textsOf } from "../fields.ts";
import { type Transaction, transactionJson } from "../money/ledger.ts";
import { askPolicy, inputJson, type Subject } from "../policy-input.ts";
import type { MeshState, SignedDecision } from "../state.ts";
import { domainOf, skillOf } from "../tree-of-work.ts";
import type { Handler } from "./submission.ts";

export const delegate: Handler = (draft, { envelope, emit }) => {
  const { state, at } = draft;
  if (envelope.to !== PRIME) reject("invalid_envelope", { field: "to" });
  const agent = textOf(envelope.intent?.params ?? null, "agent") ?? "";
  if (!isDid(agent)) reject("invalid_envelope", { field: "intent.params.agent" });
  const source = intentOf(state, envelope);
  if (source.from !== envelope.from) reject("not_authorized");
  checkAgent(state, source, envelope, agent);
  checkOpen(state, source, at);
  const attestors = attestorsOf(state, source, envelope, agent);
  const subject = subjectFor(source, agent, false);
  const policy = state.policy;
  const { reasons, needsApproval } = askPolicy(state, policy, subject, at);
  const input = inputJson(subject);
  if (reasons.length > 0) {
    const denied = draft.decision(policy, envelope.id, input, "deny", reasons);
    refusePolicy(denied);
  }
  const result = needsApproval ? "parked" : "allow";
  const parked = needsApproval ? ["human_approval"] : [];
  const decision = draft.decision(policy, envelope.id, input, result, parked);
  emit();
  draft.emitDecision(decision);
  const { id } = decision.decision;
  if (needsApproval) return { status: "parked", decision: id };
  return commit(draft, source, agent, attestors, decision);
};

export function refusePolicy({ decision, sig }: SignedDecision): never {
  const more = { reasons: [...decision.reasons], decision: decision.id };
  return reject("policy_denied", more, { decision: decisionJson(decision), sig });
}

/** Prime's delegation, and the hold: what follows the decision in the same append. */
function commit(
  draft: Draft,
  source: Envelope,
  agent: string,
  of: readonly string[],
  { decision }: SignedDecision,
): Extra {
  const { state } = draft;
  const id = draft.newId();
  const policy: JsonObject = {
    id: state.policy.id,
    version: state.policy.version,
    decision: decision.id,
  };
  const payload: JsonObject = {
    agent,
    principal: source.from,
    intent_digest: `sha256:${source.digest}`,
    attestors: { k: source.attestors, of: [...of] },
    policy,
  };
  const members = { kind: "delegation", to: agent, parent: source.id, payload };
  const delegation = draft.prime(members, id);
  const hold = holdFor(draft, id, availOf(source.from));
  return { delegation, transaction: hold === null ? null : transactionJson(hold) };
}

function holdFor(draft: Draft, id: string, from: string): Transaction | null {
  const { terms } = draft.state.delegation(id);
  if (terms === null) return null;
  const { currency, minor } = terms.amount;
  return draft.move("hold", id, [{ from, to: escrowOf(id), currency, minor }]);
}

function intentOf(state: MeshState, { parent }: Envelope): Envelope {
  const node = parent === null ? null : state.node(parent);
  if (node === null || node.verb !== "intent") return reject("illegal_parent");
  return node.envelope;
}

function checkAgent(state: MeshState, source: Envelope, ask: Envelope, agent: string): void {
  state.keyOf(agent);
  const params = ask.intent?.params ?? null;
  const thread = state.threads.get(textOf(params, "thread") ?? "");
  if (params?.thread !== undefined && thread === undefined) reject("parent_unknown");
  const skill = skillOf(source.to);
  const isNamed = source.to === agent;
  const hasSkill = skill !== null && state.cards.get(agent)?.skills.includes(skill) === true;
  const isParty = thread?.parties.includes(agent) === true && thread.parties.includes(ask.from);
  if (!isNamed && !hasSkill && !isParty) reject("not_authorized");
  if (agent === ask.from) reject("not_authorized");
  if (thread === undefined) return;
  const settle: Json = source.raw.settle ?? null;
  const isSame = canonical(thread.terms.settle ?? null) === canonical(settle);
  if (thread.state !== "agreed" || !isSame) reject("terms_mismatch");
}

function checkOpen(state: MeshState, source: Envelope, at: number): void {
  const deadline = source.intent?.constraints.deadline ?? null;
  for (const id of state.byIntent.of(source.id)) {
    const delegation = state.delegation(id);
    if (isOpen(delegation) || sumsTo(delegation)) refuseState("delegated", []);
  }
  if (deadline !== null && at > deadline) reject("expired");
}

/** Something of it was released, or still waits for a verdict. */
function sumsTo({ milestones }: Delegation): boolean {
  return milestones.some(({ state }) => state === "released" || state === "verifying");
}

function attestorsOf(state: MeshState, source: Envelope, ask: Envelope, agent: string) {
  const named = textsOf(ask.intent?.params ?? null, "attestors");
  return chooseAttestors(state, source.attestors, named, { agent, principal: source.from });
}

function subjectFor(source: Envelope, agent: string, isApproved: boolean): Subject {
  const intent: Intent = source.intent ?? reject("invalid_envelope", { field: "intent" });
  return {
    action: intent.action,
    amount: source.settle?.amount ?? null,
    agent,
    principal: source.from,
    domain: domainOf(source),
    constraints: intent.constraints,
    attestors: source.attestors,
    depth: 0,
    fanout: 0,
    except: null,
    isApproved,
  };
}

/** One of the approvers takes up what was parked. */
export const approve: Handler = (draft, { envelope, emit }) => {
  const { state, at } = draft;
  const ask = state.node(envelope.parent ?? "")?.envelope;
  if (envelope.to !== PRIME) reject("invalid_envelope", { field: "to" });
  if (ask === undefined) return reject("illegal_parent");
  const approvers = state.policy.humanApproval?.approvers ?? [];
  if (!approvers.includes(envelope.from)) reject("not_authorized");
  if (!state.parked.has(ask.id)) refuseState("not_parked", []);
  const source = intentOf(state, ask);
  const agent = textOf(ask.intent?.params ?? null, "agent") ?? "";
  checkAgent(state, source, ask, agent);
  checkOpen(state, source, at);
  const attestors = attestorsOf(state, source, ask, agent);
  const subject = subjectFor(source, agent, true);
  const { reasons } = askPolicy(state, state.policy, subject, at);
  const result = reasons.length > 0 ? "deny" : "allow";
  const decision = draft.decision(state.policy, ask.id, inputJson(subject), result, reasons);
  if (result === "deny") refusePolicy(decision);
  emit();
  draft.emitDecision(decision);
  return commit(draft, source, agent, attestors, decision);
};

/** An agent hands a part of its work on: it may only narrow what it was given. */
export const subdelegate: Handler = (draft, { envelope, emit }) => {
  const { state, at } = draft;
  const parent = state.delegations.get(envelope.parent ?? "");
  const intent = envelope.intent ?? reject("invalid_envelope", { field: "intent" });
  if (!isDid(envelope.to)) reject("invalid_envelope", { field: "to" });
  if (parent === undefined) return reject("illegal_parent");
  if (parent.agent !== envelope.from) reject("not_authorized");
  requireOpen(parent);
  state.keyOf(envelope.to);
  const parties = { agent: envelope.to, principal: envelope.from };
  if (parties.agent === parties.principal) reject("not_authorized");
  const constraints = narrow(parent.constraints, intent.constraints);
  checkNarrowed(draft, parent, envelope, intent);
  const latest = constraints.deadline;
  if (latest !== null && at > latest) reject("expired");
  const end = deadlineOf(parent);
  if (end !== null && at > end) reject("expired");
  const of = chooseAttestors(
    state,
    envelope.attestors,
    textsOf(envelope.payload, "attestors"),
    parties,
  );
  const subject: Subject = {
    ...subjectFor(envelope, envelope.to, false),
    ...{ constraints, domain: parent.domain, depth: parent.depth + 1 },
    fanout: parent.children.length + 1,
    isApproved: true,
  };
  const { reasons } = askPolicy(state, state.policy, subject, at);
  const result = reasons.length > 0 ? "deny" : "allow";
  const input = inputJson(subject);
  const decision = draft.decision(state.policy, envelope.id, input, result, reasons);
  if (result === "deny") refusePolicy(decision);
  draft.emitDecision(decision);
  emit();
  draft.emit("dec", { drawn: { delegation: envelope.id, of: [...of] } });
  const hold = holdFor(draft, envelope.id, escrowOf(parent.id));
  return { transaction: hold === null ? null : transactionJson(hold) };
};

function checkNarrowed(
  { state }: Draft,
  parent: Delegation,
  envelope: Envelope,
  intent: Intent,
): void {
  const widened = (field: string): never => reject("scope_widened", { field });
  const { settle } = envelope;
  const isBelow = intent.action.startsWith(`${parent.action}/`);
  if (intent.action !== parent.action && !isBelow) widened("action");
  if (envelope.attestors < parent.attestors.k) widened("attestors");
  const { maxFanout } = parent.constraints;
  if (maxFanout !== null && parent.children.length >= maxFanout) widened("max_fanout");
  if (settle === null) return;
  const { currency, minor } = settle.amount;
  if (parent.terms?.amount.currency !== currency) widened("settle.amount");
  const left = state.ledger.balance(escrowOf(parent.id), currency) - sumOf(parent, "verifying");
  if (minor > left) widened("settle.amount");
}
