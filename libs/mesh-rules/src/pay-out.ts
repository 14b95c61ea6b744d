/** Paying out what was slashed, once it can't be disputed any more (M7.7). */
import { availOf, heldOf } from "./delegation.ts";
import type { Draft } from "./draft.ts";
import { TREASURY, type Transaction } from "./money/ledger.ts";
import type { Slash } from "./state.ts";

export function payOut(draft: Draft, slash: Slash): Transaction | null {
  const { id, principal, currency, toPrincipal, toTreasury } = slash;
  const from = heldOf(id);
  const moved = draft.move("payout", `${id}/payout`, [
    { from, to: availOf(principal), currency, minor: toPrincipal },
    { from, to: TREASURY, currency, minor: toTreasury },
  ]);
  draft.emit("dec", { paid: id });
  return moved;
}
