/** Disputing a slash, and the arbiter's ruling (M5.8, M7.7). */

import { heldOf, refuseState, stakeOf } from "../delegation.ts";
import type { Draft } from "../draft.ts";
import { reject } from "../errors.ts";
import { textOf } from "../fields.ts";
import { transactionJson } from "../money/ledger.ts";
import { payOut } from "../pay-out.ts";
import type { Slash } from "../state.ts";
import type { Given, Handler } from "./submission.ts";

export const appeal: Handler = (draft, given) =>
  given.envelope.intent?.action === "amp/dispute" ? dispute(draft, given) : ruling(draft, given);

/** By the agent, after what took its stake. */
function dispute({ state }: Draft, { envelope, emit }: Given) {
  const slash = state.slashes.get(envelope.parent ?? "");
  if (textOf(envelope.payload, "reason") === null)
    reject("invalid_envelope", { field: "payload.reason" });
  if (slash === undefined) return refuseState("nothing_held", []);
  if (slash.agent !== envelope.from) reject("not_authorized");
  if (slash.state !== "held") refuseState(slash.state, []);
  emit();
  return { dispute: { held: slash.id, state: "disputed" } };
}

/** By the arbiter that the policy names. */
function ruling(draft: Draft, { envelope, emit }: Given) {
  const { state } = draft;
  const { payload, parent } = envelope;
  const wrong = (name: string) => reject("invalid_envelope", { field: `payload.${name}` });
  const disputed = state.node(parent ?? "");
  if (disputed?.verb !== "dispute") return reject("illegal_parent");
  if (textOf(payload, "dispute") !== parent) wrong("dispute");
  const says = textOf(payload, "ruling") ?? "";
  if (says !== "uphold" && says !== "overturn") wrong("ruling");
  if (state.policy.arbiter !== envelope.from) reject("not_authorized");
  const slash = state.slashes.get(disputed.envelope.parent ?? "");
  if (slash === undefined || slash.state !== "disputed")
    return refuseState(slash?.state ?? "nothing_held", []);
  emit();
  const transaction = says === "uphold" ? payOut(draft, slash) : giveBack(draft, slash);
  return { transaction: transaction === null ? null : transactionJson(transaction) };
}

function giveBack(draft: Draft, slash: Slash) {
  const { id, agent, currency, toPrincipal, toTreasury } = slash;
  const minor = toPrincipal + toTreasury;
  const moves = [{ from: heldOf(id), to: stakeOf(agent), currency, minor }];
  const moved = draft.move("returned", `${id}/payout`, moves);
  draft.emit("dec", { paid: id, back: true });
  return moved;
}
