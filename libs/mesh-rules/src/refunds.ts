/** Refunds of delegations that end (M5.7, M7.5). */
import { currencyOf, escrowOf, sumOf } from "./delegation.ts";
import type { Draft } from "./draft.ts";
import { POSTINGS_MAX } from "./limits.ts";
import type { Move } from "./money/ledger.ts";
import type { MeshState } from "./state.ts";
import { refundTo } from "./tree-of-work.ts";

/** What each escrow holds beyond what waits for a verdict; each goes where it came from. */
export function refundsOf(state: MeshState, ending: readonly string[]): readonly Move[] {
  const set = new Set(ending);
  return ending.flatMap((id) => {
    const delegation = state.delegation(id);
    const currency = currencyOf(delegation);
    const balance = state.ledger.balance(escrowOf(id), currency);
    const minor = Math.max(0, balance - sumOf(delegation, "verifying"));
    const to = refundTo(state, delegation, set);
    return minor === 0 ? [] : [{ from: escrowOf(id), to, currency, minor }];
  });
}

/** As many transactions as their size needs, in the one append. */
export function refundAll(draft: Draft, ref: string, moves: readonly Move[]): void {
  const size = POSTINGS_MAX / 2;
  for (let from = 0; from < moves.length; from += size)
    draft.move("refund", from === 0 ? ref : `${ref}/${from}`, moves.slice(from, from + size));
}
