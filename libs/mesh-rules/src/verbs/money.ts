/** Stakes and withdrawals (M5.8), in test units. */
import { availOf, currencyOf, heldOf, isOpen, stakeOf } from "../delegation.ts";
import { type Envelope, PRIME } from "../envelope.ts";
import { reject } from "../errors.ts";
import { type Amount, readAmount } from "../money/amounts.ts";
import { transactionJson } from "../money/ledger.ts";
import type { MeshState } from "../state.ts";
import type { Handler } from "./submission.ts";

export const stake: Handler = (draft, { envelope, emit }) => {
  const { currency, minor } = amountOf(envelope);
  const { from: did, id } = envelope;
  emit();
  const moves = [{ from: availOf(did), to: stakeOf(did), currency, minor }];
  return moved(draft.move("stake", id, moves));
};

export const unstake: Handler = (draft, { envelope, emit }) => {
  const { currency, minor } = amountOf(envelope);
  const { from: did, id } = envelope;
  const free =
    draft.state.ledger.balance(stakeOf(did), currency) - locked(draft.state, did, currency);
  emit();
  if (minor > free) reject("insufficient_funds");
  const moves = [{ from: stakeOf(did), to: availOf(did), currency, minor }];
  return moved(draft.move("unstake", id, moves));
};

export const withdraw: Handler = (draft, { envelope, emit }) => {
  const { currency, minor } = amountOf(envelope);
  const { from: did, id } = envelope;
  emit();
  const moves = [{ from: availOf(did), to: heldOf(id), currency, minor }];
  return moved(draft.move("withdraw", id, moves));
};

function moved(transaction: Parameters<typeof transactionJson>[0] | null) {
  return { transaction: transaction === null ? null : transactionJson(transaction) };
}

function amountOf({ to, intent }: Envelope): Amount {
  if (to !== PRIME) reject("invalid_envelope", { field: "to" });
  const amount = readAmount(intent?.params.amount);
  return amount.minor === 0 ? reject("invalid_amount") : amount;
}

/** What a slash of an open delegation, or of one that waits for a verdict, could need. */
function locked(state: MeshState, agent: string, currency: string): number {
  return state.byAgent.of(agent).reduce((sum, id) => {
    const delegation = state.delegation(id);
    const waits = delegation.milestones.some(({ state: is }) => is === "verifying");
    const counts = (isOpen(delegation) || waits) && currencyOf(delegation) === currency;
    return sum + (counts ? (delegation.terms?.amount.minor ?? 0) : 0);
  }, 0);
}
