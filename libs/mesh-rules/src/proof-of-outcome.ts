/** The proof of an outcome (M8.4): eight checks, made again from the log. */
import { type Json, type JsonObject, verify } from "@ams/provenance";
import { delegationAbove } from "./apply-envelope.ts";
import { countVotes, type Delegation, milestoneOf } from "./delegation.ts";
import { bytesToSign } from "./envelope.ts";
import { reject } from "./errors.ts";
import { textOf } from "./fields.ts";
import { keyOfHex } from "./registry.ts";
import type { MeshState, Node } from "./state.ts";

type Checks = Readonly<Record<string, string | null>>;

/** `isPassing`: the verdict that is being carried out is to release. */
export function proofOf(state: MeshState, outcomeId: string, isPassing?: boolean): JsonObject {
  const outcome = state.node(outcomeId) ?? reject("not_found");
  const delegation = outcome.verb === "outcome" ? delegationAbove(state, outcome.envelope) : null;
  if (delegation === null) return reject("not_found");
  const on = textOf(outcome.envelope.payload, "milestone") ?? "";
  const milestone = milestoneOf(delegation, on) ?? reject("not_found");
  const votes = countVotes(milestone);
  const isDecided = isPassing ?? milestone.state === "released";
  const checks = checksOf(state, outcome, delegation, isDecided);
  const names = Object.keys(checks);
  const failing = names.filter((name) => checks[name] !== null);
  const reasons = failing.map((name): [string, Json] => [name, checks[name] ?? ""]);
  return {
    outcome: outcomeId,
    delegation: delegation.id,
    milestone: on,
    ok: failing.length === 0,
    checks: Object.fromEntries(names.map((name) => [name, checks[name] === null])),
    reasons: Object.fromEntries(reasons),
    score: (names.length - failing.length) / names.length,
    proof: {
      mode: "attestor-fallback",
      zkml: { requested: delegation.zkml, verified: false },
      k: delegation.attestors.k,
      n: delegation.attestors.of.length,
      ...votes,
    },
  };
}

function checksOf(
  state: MeshState,
  outcome: Node,
  delegation: Delegation,
  isDecided: boolean,
): Checks {
  const inference = state.node(outcome.envelope.parent ?? "");
  const signed = state.node(delegation.id);
  const intent = state.node(delegation.intent);
  const signature = (node: Node | null) => (isSigned(node) ? null : "the signature does not hold");
  const { minStake } = state.policy;
  const stake = minStake && state.ledger.balance(`stake:${delegation.agent}`, minStake.currency);
  const hasStake = minStake === null || (stake ?? 0) >= minStake.minor;
  return {
    intent_signature: signature(intent),
    delegation_signature: signature(signed),
    inference_signature: signature(inference),
    outcome_signature: signature(outcome),
    lineage: lineageFault(outcome, inference, signed, intent, delegation),
    proof: isDecided ? null : "the verdict is not pass",
    policy: isAllowed(state, delegation) ? null : "a decision was not allow",
    stake: hasStake ? null : "the stake is below the policy's",
  };
}

function isSigned(node: Node | null): boolean {
  const key = node === null ? null : keyOfHex(node.key);
  if (node === null || key === null) return false;
  return verify(key, bytesToSign(node.envelope.raw), node.envelope.signature);
}

function lineageFault(
  outcome: Node,
  inference: Node | null,
  signed: Node | null,
  intent: Node | null,
  delegation: Delegation,
): string | null {
  if (inference === null || signed === null || intent === null) return "an envelope is missing";
  const isAgents = [outcome, inference].every(({ envelope }) => envelope.from === delegation.agent);
  if (!isAgents || signed.envelope.to !== delegation.agent) return "another agent";
  if (textOf(inference.envelope.payload, "stage") !== "result") return "no result";
  if (delegation.parent !== null) return null;
  const digest = textOf(signed.envelope.payload, "intent_digest");
  if (digest !== `sha256:${intent.envelope.digest}`) return "another intent";
  return signed.envelope.parent === intent.envelope.id ? null : "another intent";
}

function isAllowed(state: MeshState, { id }: Delegation): boolean {
  return state.decisionsOn
    .of(id)
    .every((decision) => state.decisions.get(decision)?.decision.result === "allow");
}
