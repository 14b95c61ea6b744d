/** What time does: expiry, silence, cycles, payouts (M5.4, M7.4, M7.6, M7.7). */
import { availOf, currencyOf, escrowOf, isOpen, milestoneOf, sumOf } from "./delegation.ts";
import type { Draft } from "./draft.ts";
import { Refused, reject } from "./errors.ts";
import { CYCLE_TRIES, DUE_MAX } from "./limits.ts";
import { payOut } from "./pay-out.ts";
import { refundAll, refundsOf } from "./refunds.ts";
import { settleMilestone, slashFor } from "./settle.ts";
import type { Due, MeshState } from "./state.ts";

/** Does what is due at the draft's time, a few at a time; true when more may be due. */
export function doDue(draft: Draft): boolean {
  const dues = draft.state.duesAt(draft.at, DUE_MAX);
  for (const due of dues) doOne(draft, due);
  return dues.length === DUE_MAX;
}

function doOne(draft: Draft, due: Due): void {
  switch (due.kind) {
    case "expire":
      expire(draft, due.id);
      return;
    case "silence":
      silence(draft, due.id, due.milestone);
      return;
    case "cycle":
      cycle(draft, due);
      return;
    case "slash": {
      const slash = draft.state.slashes.get(due.id);
      if (slash?.state === "held") payOut(draft, slash);
      else draft.state.dues.delete(`slash:${due.id}`);
    }
  }
}

function expire(draft: Draft, id: string): void {
  const { state } = draft;
  const delegation = state.delegation(id);
  const hasPending = delegation.milestones.some(({ state: is }) => is === "pending");
  if (!isOpen(delegation) || !hasPending) {
    state.dues.delete(`expire:${id}`);
    return;
  }
  const moves = refundsOf(state, [id]);
  draft.emit("dec", { expired: id });
  refundAll(draft, `${id}/expired`, moves);
  if (delegation.wasAccepted) slashFor(draft, delegation, "sla", id);
}

function silence(draft: Draft, id: string, on: string): void {
  const { state } = draft;
  const delegation = state.delegation(id);
  if (milestoneOf(delegation, on)?.state !== "verifying") {
    state.dues.delete(`silence:${id}:${on}`);
    return;
  }
  const otherwise = delegation.attestors.k === 0 ? "release" : "refund";
  const says = delegation.terms?.onSilence ?? otherwise;
  settleMilestone(draft, id, on, says === "release" ? "silence_release" : "silence_refund");
}

/** The next cycle's hold, another try for it, or the end. */
function cycle(draft: Draft, { id, at }: Due): void {
  const { state } = draft;
  const delegation = state.delegation(id);
  const { terms, milestones, tries, principal } = delegation;
  if (!isOpen(delegation) || terms === null || terms.cycle === null) {
    state.dues.delete(`cycle:${id}`);
    return;
  }
  // A cycle that was not delivered by its end goes back.
  if (tries === 0) refundAll(draft, `${id}/cycle-${milestones.length}/end`, refundsOf(state, [id]));
  const { count } = terms.cycle;
  if (count !== null && milestones.length >= count) {
    endCycles(draft, id);
    return;
  }
  const { currency, minor } = terms.amount;
  const next = milestones.length + 1;
  const parent = delegation.parent === null ? null : escrowOf(delegation.parent);
  const from = parent ?? availOf(principal);
  try {
    if (delegation.parent !== null) requireUnspent(state, delegation.parent, minor);
    draft.move("hold", `${id}/cycle-${next}`, [{ from, to: escrowOf(id), currency, minor }]);
    draft.emit("dec", { cycle: { delegation: id, is: "funded", since: at } });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (tries >= CYCLE_TRIES) endCycles(draft, id);
    else draft.emit("dec", { cycle: { delegation: id, is: "past_due" } });
  }
}

/** An escrow pays for further cycles while it is open, and not of what waits for a verdict. */
function requireUnspent(state: MeshState, id: string, minor: number): void {
  const parent = state.delegation(id);
  const balance = state.ledger.balance(escrowOf(id), currencyOf(parent));
  const isFree = minor <= balance - sumOf(parent, "verifying");
  if (!isOpen(parent) || !isFree) reject("insufficient_funds");
}

function endCycles(draft: Draft, id: string): void {
  draft.emit("dec", { cycle: { delegation: id, is: "closed" } });
}
