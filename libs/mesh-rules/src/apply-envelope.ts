/** An accepted envelope, applied to the state (M5). */
import { isJsonObject } from "@ams/provenance";
import { narrow } from "./constraints.ts";
import {
  type Delegation,
  type DelegationState,
  deadlineOf,
  isOpen,
  milestoneOf,
  type Verdict,
  withMilestone,
} from "./delegation.ts";
import { type Envelope, verbOf } from "./envelope.ts";
import { textOf, textsOf } from "./fields.ts";
import { ACCEPT_BY_S, ATTEST_BY_S } from "./limits.ts";
import { afterCycles } from "./money/terms.ts";
import type { MeshState } from "./state.ts";
import { endDelegation, newMilestone, spendNonce } from "./transitions.ts";
import { descendantsOf, domainOf } from "./tree-of-work.ts";
import { applyNegotiation } from "./verbs/negotiate.ts";

export function applyEnvelope(
  state: MeshState,
  envelope: Envelope,
  key: string,
  seq: number,
  at: number,
): void {
  const { id, parent, from } = envelope;
  const verb = verbOf(envelope);
  const above = parent === null ? null : state.node(parent);
  const root = above?.root ?? id;
  const depth = above === null ? 0 : above.depth + 1;
  state.nodes.set(id, { seq, at, envelope, verb, key, root, depth });
  state.members.add(root, id);
  if (parent !== null) state.children.add(parent, id);
  if (from.startsWith("did:web:")) state.webKeys.set(from, key);
  spendNonce(state, from, envelope.nonce);
  switch (verb) {
    case "negotiate":
      applyNegotiation(state, envelope);
      return;
    case "prime":
    case "subdelegate":
      addDelegation(state, envelope, seq, at);
      return;
    case "execute":
      applyStage(state, envelope, seq, at);
      return;
    case "outcome":
      applyOutcome(state, envelope, seq, at);
      return;
    case "attest":
      applyVote(state, envelope);
      return;
    case "settle":
      applySettlement(state, envelope, seq, at);
      return;
    case "revoke":
      applyRevoke(state, envelope, seq, at);
      return;
    case "withdraw":
      state.withdrawals.set(id, "held");
      return;
    case "approve":
      state.parked.delete(parent ?? "");
      return;
    case "dispute":
      applyDispute(state, textOf(envelope.payload, "held") ?? parent ?? "");
      return;
    case "ruling":
      applyRuling(state, envelope);
      return;
    default:
  }
}

function addDelegation(state: MeshState, envelope: Envelope, seq: number, at: number): void {
  const { id, payload } = envelope;
  const above = state.node(envelope.parent ?? "");
  if (above === null) throw new Error("a delegation follows an intent or a delegation");
  const parent = state.delegations.get(above.envelope.id) ?? null;
  const source = parent === null ? above.envelope : envelope;
  const { settle: terms, intent, zkml } = source;
  if (intent === null) throw new Error("a delegation is of an intent");
  const listed = isJsonObject(payload.attestors) ? payload.attestors : payload;
  const planned = terms?.milestones ?? [{ on: "done", pct: 100, minor: 0 }];
  const isCyclic = terms !== null && terms.cycle !== null;
  const firsts = isCyclic ? [{ on: "cycle-1", pct: 100, minor: terms.amount.minor }] : planned;
  const delegation: Delegation = {
    ...{ id, at, intent: source.id, root: above.root, terms, zkml },
    rootPrincipal: parent?.rootPrincipal ?? source.from,
    principal: parent?.agent ?? source.from,
    agent: envelope.to,
    parent: parent?.id ?? null,
    children: [],
    depth: parent === null ? 0 : parent.depth + 1,
    state: "funded",
    wasAccepted: false,
    action: intent.action,
    domain: parent?.domain ?? domainOf(source),
    constraints:
      parent === null ? intent.constraints : narrow(parent.constraints, intent.constraints),
    milestones: firsts.map(({ on, pct, minor }) => newMilestone(on, pct, minor)),
    attestors: { k: source.attestors, of: textsOf(listed, "of") ?? [] },
    policyVersion: state.policies.length - 1,
    ...{ endedAt: 0, fault: null, overturned: false, tries: 0 },
  };
  state.delegations.set(id, delegation);
  state.byAgent.add(delegation.agent, id);
  state.byPrincipal.add(delegation.principal, id);
  if (parent === null) state.byIntent.add(source.id, id);
  else state.delegations.set(parent.id, { ...parent, children: [...parent.children, id] });
  const deadline = deadlineOf(delegation);
  if (deadline !== null)
    state.addDue(`expire:${id}`, { at: deadline + 1, kind: "expire", id, milestone: "" });
  if (isCyclic && terms.cycle !== null) {
    const due = afterCycles(at, terms.cycle.every, 1);
    state.addDue(`cycle:${id}`, { at: due, kind: "cycle", id, milestone: String(due) });
  }
  state.note(seq, id, "funded");
}

/** The delegation that an inference or an outcome belongs to. */
export function delegationAbove(state: MeshState, envelope: Envelope): Delegation | null {
  let at = envelope.parent;
  // Bounded by the depth of the graph.
  for (let node = at === null ? null : state.node(at); node !== null; ) {
    const found = state.delegations.get(node.envelope.id);
    if (found !== undefined) return found;
    at = node.envelope.parent;
    node = at === null ? null : state.node(at);
  }
  return null;
}

const NEXT: Readonly<Record<string, DelegationState>> = {
  accepted: "accepted",
  declined: "declined",
  started: "active",
  progress: "active",
  result: "active",
};

function applyStage(state: MeshState, envelope: Envelope, seq: number, at: number): void {
  const delegation = delegationAbove(state, envelope);
  const next = NEXT[textOf(envelope.payload, "stage") ?? ""];
  if (delegation === null || next === undefined) return;
  if (next === "declined") {
    endDelegation(state, delegation, "declined", seq, at);
    return;
  }
  const after = delegation.state === "past_due" ? "past_due" : next;
  state.delegations.set(delegation.id, { ...delegation, state: after, wasAccepted: true });
  if (after !== delegation.state) state.note(seq, delegation.id, after);
}

function applyOutcome(state: MeshState, envelope: Envelope, seq: number, at: number): void {
  const delegation = delegationAbove(state, envelope);
  const on = textOf(envelope.payload, "milestone") ?? "";
  if (delegation === null) return;
  const { id, terms, attestors } = delegation;
  const change = { state: "verifying", outcome: envelope.id, outcomeAt: at } as const;
  state.delegations.set(id, withMilestone(delegation, on, change));
  const bySeconds =
    attestors.k === 0 ? (terms?.acceptByS ?? ACCEPT_BY_S) : (terms?.attestByS ?? ATTEST_BY_S);
  const due = { at: at + bySeconds * 1_000, kind: "silence", id, milestone: on } as const;
  state.addDue(`silence:${id}:${on}`, due);
  state.note(seq, id, "verifying", on);
}

function applyVote(state: MeshState, envelope: Envelope): void {
  const delegation = delegationAbove(state, envelope);
  const on = textOf(envelope.payload, "milestone") ?? "";
  const milestone = delegation === null ? null : milestoneOf(delegation, on);
  if (delegation === null || milestone === null) return;
  const text = textOf(envelope.payload, "verdict");
  const verdict: Verdict = text === "pass" || text === "fail" ? text : "abstain";
  const votes = { ...milestone.votes, [envelope.from]: verdict };
  state.delegations.set(delegation.id, withMilestone(delegation, on, { votes }));
}

function applySettlement(state: MeshState, envelope: Envelope, seq: number, at: number): void {
  const { payload, id } = envelope;
  const delegation = state.delegation(textOf(payload, "delegation") ?? "");
  const on = textOf(payload, "milestone") ?? "";
  const text = textOf(payload, "result");
  const result = text === "released" || text === "failed" ? text : "refunded";
  const next = withMilestone(delegation, on, { state: result, settlement: id });
  state.dues.delete(`silence:${delegation.id}:${on}`);
  state.settlements.add(delegation.id, id);
  state.note(seq, delegation.id, result, on);
  const isDecided = next.milestones.every(
    ({ state: is }) => is !== "pending" && is !== "verifying",
  );
  const isCyclic = next.terms?.cycle != null;
  const isLast = !isCyclic || next.milestones.length === next.terms?.cycle?.count;
  if (isOpen(next) && isDecided && isLast) {
    state.delegations.set(delegation.id, { ...next, state: "closed", endedAt: at });
    state.dues.delete(`expire:${delegation.id}`);
    state.dues.delete(`cycle:${delegation.id}`);
    state.note(seq, delegation.id, "closed");
  } else state.delegations.set(delegation.id, isOpen(next) ? next : { ...next, endedAt: at });
}

/** Reasons that the agent answers for: they count against its reputation (M9.1). */
const FAULTS = ["sla", "policy", "forgery", "quality"];

function applyRevoke(state: MeshState, envelope: Envelope, seq: number, at: number): void {
  const id = textOf(envelope.payload, "revokes") ?? "";
  const reason = textOf(envelope.payload, "reason") ?? "";
  const fault = FAULTS.includes(reason) ? reason : null;
  for (const below of descendantsOf(state, id))
    endDelegation(state, state.delegation(below), "revoked", seq, at, below === id ? fault : null);
}

function applyDispute(state: MeshState, held: string): void {
  const slash = state.slashes.get(held);
  if (slash === undefined) return;
  state.slashes.set(held, { ...slash, state: "disputed" });
  state.dues.delete(`slash:${held}`);
}

function applyRuling(state: MeshState, { payload }: Envelope): void {
  const dispute = state.node(textOf(payload, "dispute") ?? "");
  if (dispute === null || textOf(payload, "ruling") !== "overturn") return;
  const { envelope } = dispute;
  const held = textOf(envelope.payload, "held") ?? envelope.parent ?? "";
  const slash = state.slashes.get(held);
  const delegation = slash === undefined ? undefined : state.delegations.get(slash.delegation);
  if (delegation !== undefined)
    state.delegations.set(delegation.id, { ...delegation, overturned: true });
}
