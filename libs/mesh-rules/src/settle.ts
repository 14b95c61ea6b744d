/**
 * What a verdict, or silence, does to a milestone (M5.6, M7.4 to M7.7): the policy's decision, the
 * transactions and Prime's settle envelope, in one draft.
 */
import type { JsonObject } from "@ams/provenance";
import {
  availOf,
  currencyOf,
  type Delegation,
  escrowOf,
  heldOf,
  milestoneOf,
  stakeOf,
} from "./delegation.ts";
import type { Draft } from "./draft.ts";
import { reject } from "./errors.ts";
import { partOf, share } from "./money/amounts.ts";
import type { Move, Transaction } from "./money/ledger.ts";
import { askBoth, inputJson, subjectOf } from "./policy-input.ts";
import { proofOf } from "./proof-of-outcome.ts";
import type { Slash } from "./state.ts";
import { refundTo } from "./tree-of-work.ts";

export type Verdict = "pass" | "fail" | "silence_release" | "silence_refund";
type Result = "released" | "failed" | "refunded";

/** Basis points of the lesser of stake and amount, by reason (M7.7). */
const SHARES = { forgery: 10_000, policy: 5_000, failed: 2_500 } as const;
const SLA_HOUR_BPS = 100;
const SLA_BPS_MAX = 3_000;
const HOUR_MS = 3_600_000;

/** Prime's settle envelope. */
export function settleMilestone(
  draft: Draft,
  delegationId: string,
  on: string,
  verdict: Verdict,
): JsonObject {
  const { state, at } = draft;
  const delegation = state.delegation(delegationId);
  const milestone = milestoneOf(delegation, on);
  const outcome = milestone?.outcome ?? null;
  if (milestone === null || outcome === null) return reject("not_decided");
  const wantsRelease = verdict === "pass" || verdict === "silence_release";
  const reasons = wantsRelease ? askBoth(state, delegation, at) : [];
  const input = inputJson(subjectOf(state, delegation));
  const allowed = reasons.length > 0 ? "deny" : "allow";
  const decision = draft.decision(state.policy, delegation.id, input, allowed, reasons);
  if (wantsRelease) draft.emitDecision(decision);
  const poo = proofOf(state, outcome, wantsRelease);
  const id = draft.newId();
  const result = resultOf(verdict, poo.ok === true && reasons.length === 0);
  const escrow = state.ledger.balance(escrowOf(delegation.id), currencyOf(delegation));
  const minor = Math.min(milestone.minor, escrow);
  const moved =
    result === "released"
      ? draft.move("release", id, releases(delegation, minor))
      : draft.move("refund", id, refunds(draft, delegation, minor));
  const slashed = slashAtSettle(draft, delegation, milestone.outcomeAt, result, id);
  const transactions = [moved, slashed].flatMap((one) => (one === null ? [] : [one]));
  const payload: JsonObject = {
    ...{ delegation: delegation.id, milestone: on, result, poo },
    transactions: transactions.map(({ tx, hash }) => ({ tx, hash })),
    ...(wantsRelease ? { decision: decision.decision.id } : {}),
  };
  const members = {
    ...{ kind: "outcome", to: delegation.agent, parent: outcome, payload },
    intent: { action: "amp/settle", params: {} },
  };
  const envelope = draft.prime(members, id);
  refundRest(draft, delegation.id, id);
  return envelope;
}

/** A children's refund that came back while this one was open: to the principal at its end. */
function refundRest(draft: Draft, id: string, settlement: string): void {
  const delegation = draft.state.delegation(id);
  if (delegation.endedAt === 0) return;
  const isWaiting = delegation.milestones.some(({ state }) => state === "verifying");
  const currency = currencyOf(delegation);
  const rest = draft.state.ledger.balance(escrowOf(id), currency);
  if (rest > 0 && !isWaiting)
    draft.move("refund", `${settlement}/rest`, refunds(draft, delegation, rest));
}

function resultOf(verdict: Verdict, isReleasable: boolean): Result {
  switch (verdict) {
    case "pass":
    case "silence_release":
      return isReleasable ? "released" : "refunded";
    case "fail":
      return "failed";
    case "silence_refund":
      return "refunded";
  }
}

function releases({ id, agent, terms }: Delegation, minor: number): readonly Move[] {
  const currency = terms?.amount.currency ?? "";
  const from = escrowOf(id);
  const split = terms?.split ?? null;
  if (split === null) return [{ from, to: availOf(agent), currency, minor }];
  const names = split.map(({ to }) => to);
  const parts = share(
    minor,
    split.map(({ bps }) => bps),
    names,
  );
  return names.map((to, index) => ({ from, to: availOf(to), currency, minor: parts[index] ?? 0 }));
}

export function refunds({ state }: Draft, delegation: Delegation, minor: number): readonly Move[] {
  const to = refundTo(state, delegation);
  return [{ from: escrowOf(delegation.id), to, currency: currencyOf(delegation), minor }];
}

function slashAtSettle(
  draft: Draft,
  delegation: Delegation,
  outcomeAt: number,
  result: Result,
  held: string,
): Transaction | null {
  if (result === "failed") return slash(draft, delegation, "failed", SHARES.failed, held);
  const late = lateBps(delegation, outcomeAt);
  return late === 0 ? null : slash(draft, delegation, "sla", late, held);
}

/** Basis points for what came `at` that time; 0 in time. */
export function lateBps({ constraints, terms }: Delegation, at: number): number {
  const { deadline } = constraints;
  if (deadline === null || at <= deadline || terms === null) return 0;
  const hours = Math.floor((at - deadline) / HOUR_MS);
  return Math.min(SLA_BPS_MAX, terms.slaBps + SLA_HOUR_BPS * hours);
}

export function slashFor(draft: Draft, delegation: Delegation, reason: string, held: string): void {
  if (reason === "forgery" || reason === "policy")
    slash(draft, delegation, reason, SHARES[reason], held);
  if (reason === "sla") slash(draft, delegation, reason, lateBps(delegation, draft.at), held);
}

/** From the stake to `held:`, at once; it is paid out when it can't be disputed any more. */
function slash(
  draft: Draft,
  delegation: Delegation,
  reason: string,
  bps: number,
  held: string,
): Transaction | null {
  const { state, at } = draft;
  const { agent, principal, terms } = delegation;
  if (terms === null) return null;
  const { currency, minor } = terms.amount;
  const base = Math.min(state.ledger.balance(stakeOf(agent), currency), minor);
  const taken = partOf(base, bps, 10_000);
  if (taken === 0) return null;
  const toTreasury = reason === "sla" ? 0 : Math.floor(taken / 2);
  const record: Slash = {
    ...{ id: held, delegation: delegation.id, agent, principal, currency },
    ...{ toPrincipal: taken - toTreasury, toTreasury, reason },
    due: at + state.settings.appealS * 1_000,
    state: "held",
  };
  const moves = [{ from: stakeOf(agent), to: heldOf(held), currency, minor: taken }];
  const moved = draft.move("slash", `${held}/slash`, moves);
  draft.emit("dec", { slash: { ...record } });
  return moved;
}
