/** Revoking a delegation and all that hangs below it (M5.7). */
import { canonical, isJsonObject, type Json, verify } from "@ams/provenance";
import { type Delegation, isOpen, refuseState } from "../delegation.ts";
import { bytesToSign, type Envelope, readEnvelope } from "../envelope.ts";
import { judged, reject } from "../errors.ts";
import { textOf } from "../fields.ts";
import { CASCADE_MAX } from "../limits.ts";
import { refundAll, refundsOf } from "../refunds.ts";
import { keyOfHex } from "../registry.ts";
import { slashFor } from "../settle.ts";
import type { MeshState } from "../state.ts";
import { descendantsOf } from "../tree-of-work.ts";
import type { Handler } from "./submission.ts";

const REASONS = ["no_fault", "sla", "policy", "forgery", "quality"];

export const revoke: Handler = (draft, { envelope, emit, isPrime }) => {
  const { state } = draft;
  const { payload, from } = envelope;
  const reason = textOf(payload, "reason") ?? "";
  if (textOf(payload, "revokes") !== envelope.parent)
    reject("invalid_envelope", { field: "payload.revokes" });
  if (!REASONS.includes(reason)) reject("invalid_envelope", { field: "payload.reason" });
  const delegation = state.delegations.get(envelope.parent ?? "");
  if (delegation === undefined) return reject("illegal_parent");
  const may = isPrime || from === delegation.rootPrincipal || from === delegation.principal;
  if (!may) reject("not_authorized");
  if (delegation.state === "revoked") reject("revoked");
  if (!isOpen(delegation)) refuseState(delegation.state, []);
  if (!isShown(state, delegation, reason, payload.evidence, draft.at)) reject("not_shown");
  const ending = descendantsOf(state, delegation.id);
  if (ending.length > CASCADE_MAX) reject("graph_limit", { limit: "cascade" });
  const moves = refundsOf(state, ending);
  emit();
  refundAll(draft, envelope.id, moves);
  slashFor(draft, delegation, reason, envelope.id);
  return { revoked: [...ending] };
};

/** An objective reason has to be in the log: a principal alone never slashes. */
function isShown(
  state: MeshState,
  delegation: Delegation,
  reason: string,
  evidence: Json | undefined,
  at: number,
): boolean {
  const { deadline } = delegation.constraints;
  switch (reason) {
    case "sla":
      return deadline !== null && at > deadline;
    case "policy":
      return state.decisionsOn
        .of(delegation.id)
        .some((id) => state.decisions.get(id)?.decision.result === "deny");
    case "forgery":
      return isForged(state, delegation, evidence);
    case "quality":
      return delegation.milestones.some(({ state: is }) => is === "failed");
    default:
      return true;
  }
}

/**
 * Two envelopes of the agent, each validly signed, that can't both be true. One nonce used twice
 * shows nothing: each mesh counts its own.
 */
function isForged(state: MeshState, { agent }: Delegation, evidence: Json | undefined): boolean {
  const items: readonly Json[] = Array.isArray(evidence) ? evidence.slice(0, 3) : [];
  const read = items.map((item) => judged(() => readEnvelope(item)));
  const [a, b] = read.flatMap((one) => (one.ok ? [one.value] : []));
  if (items.length !== 2 || a === undefined || b === undefined) return false;
  if (said(a) === said(b) || !isOf(state, a, agent) || !isOf(state, b, agent)) return false;
  return a.id === b.id || isSameFact(a, b);
}

/** Without what changes when the same is signed again, as after a clock that was wrong. */
function said({ raw }: Envelope): string {
  const { id: _id, ts: _ts, nonce: _nonce, auth: _auth, ...rest } = raw;
  return canonical(rest);
}

function isOf(state: MeshState, envelope: Envelope, agent: string): boolean {
  const hex = state.node(envelope.id)?.key ?? state.keyIfAny(agent) ?? "";
  const key = keyOfHex(hex);
  if (key === null || envelope.from !== agent) return false;
  return verify(key, bytesToSign(envelope.raw), envelope.signature);
}

function isSameFact(a: Envelope, b: Envelope): boolean {
  const on = textOf(a.payload, "milestone");
  const isAbout = isJsonObject(a.payload) && on !== null && on === textOf(b.payload, "milestone");
  return a.kind === "outcome" && b.kind === "outcome" && a.parent === b.parent && isAbout;
}
