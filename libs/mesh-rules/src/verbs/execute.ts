/** What a delegated agent reports, and the outcome that it stands for (M5.4, M5.5). */
import { delegationAbove } from "../apply-envelope.ts";
import { deadlineOf, milestoneOf, refuseState, requireOpen } from "../delegation.ts";
import { reject } from "../errors.ts";
import { textOf } from "../fields.ts";
import { askBoth, inputJson, subjectOf } from "../policy-input.ts";
import { refundAll, refundsOf } from "../refunds.ts";
import { refusePolicy } from "./delegate.ts";
import type { Handler } from "./submission.ts";

const STAGES = ["accepted", "declined", "started", "progress", "result"] as const;

/** Stages that each state takes. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  funded: STAGES,
  accepted: ["declined", "started", "progress", "result"],
  active: ["started", "progress", "result"],
  past_due: ["progress", "result"],
};

export const execute: Handler = (draft, { envelope, emit }) => {
  const { state, at } = draft;
  const stage = textOf(envelope.payload, "stage") ?? "";
  if (!STAGES.some((name) => name === stage))
    reject("invalid_envelope", { field: "payload.stage" });
  const delegation = delegationAbove(state, envelope);
  if (delegation === null) return reject("illegal_parent");
  if (delegation.agent !== envelope.from) reject("not_authorized");
  requireOpen(delegation);
  const allowed = ALLOWED[delegation.state] ?? [];
  if (!allowed.includes(stage)) refuseState(delegation.state, allowed);
  const on = textOf(envelope.payload, "milestone");
  if (stage === "result" || on !== null) {
    const milestone = milestoneOf(delegation, on ?? "");
    if (milestone === null) return reject("invalid_envelope", { field: "payload.milestone" });
    if (stage === "result" && milestone.state !== "pending")
      refuseState(milestone.state, ["pending"]);
  }
  const latest = deadlineOf(delegation);
  if (latest !== null && at > latest) reject("expired");
  if (stage === "started") {
    const reasons = askBoth(state, delegation, at);
    const input = inputJson(subjectOf(state, delegation));
    if (reasons.length > 0)
      refusePolicy(draft.decision(state.policy, delegation.id, input, "deny", reasons));
    emit();
    draft.emitDecision(draft.decision(state.policy, delegation.id, input, "allow", []));
    return {};
  }
  const moves = stage === "declined" ? refundsOf(state, [delegation.id]) : [];
  emit();
  refundAll(draft, envelope.id, moves);
  return {};
};

export const outcome: Handler = (draft, { envelope, emit }) => {
  const { state, at } = draft;
  const inference = state.node(envelope.parent ?? "")?.envelope;
  const delegation = delegationAbove(state, envelope);
  if (inference === undefined || delegation === null) return reject("illegal_parent");
  if (delegation.agent !== envelope.from) reject("not_authorized");
  const on = textOf(envelope.payload, "milestone") ?? "";
  const isResult = textOf(inference.payload, "stage") === "result";
  if (!isResult) reject("illegal_parent");
  if (on !== textOf(inference.payload, "milestone"))
    reject("invalid_envelope", { field: "payload.milestone" });
  requireOpen(delegation);
  const milestone = milestoneOf(delegation, on);
  if (milestone === null) return reject("invalid_envelope", { field: "payload.milestone" });
  if (milestone.state !== "pending") refuseState(milestone.state, ["pending"]);
  const latest = deadlineOf(delegation);
  if (latest !== null && at > latest) reject("expired");
  emit();
  return {};
};
