/** Votes on an outcome, and the verdict that they make (M8.2). */
import { delegationAbove } from "../apply-envelope.ts";
import { areNotIndependent } from "../attestors.ts";
import { countVotes, type Delegation, type Milestone, milestoneOf } from "../delegation.ts";
import { reject } from "../errors.ts";
import { textOf } from "../fields.ts";
import { settleMilestone } from "../settle.ts";
import type { Handler } from "./submission.ts";

export const attest: Handler = (draft, { envelope, emit }) => {
  const { state } = draft;
  const { payload, from } = envelope;
  const wrong = (name: string) => reject("invalid_envelope", { field: `payload.${name}` });
  const subject = state.node(envelope.parent ?? "");
  const delegation = delegationAbove(state, envelope);
  if (subject === null || subject.verb !== "outcome" || delegation === null)
    return reject("illegal_parent");
  const verdict = textOf(payload, "verdict") ?? "";
  const on = textOf(payload, "milestone") ?? "";
  if (textOf(payload, "attests") !== subject.envelope.id) wrong("attests");
  if (!["pass", "fail", "abstain"].includes(verdict)) wrong("verdict");
  if (on !== textOf(subject.envelope.payload, "milestone")) wrong("milestone");
  const { k, of } = delegation.attestors;
  const mayVote = k === 0 ? from === delegation.principal : of.includes(from);
  if (!mayVote) reject("not_authorized");
  if (k > 0 && areNotIndependent(state, [from], delegation)) reject("attestor_conflict");
  const milestone = milestoneOf(delegation, on);
  if (milestone === null) return wrong("milestone");
  if (Object.hasOwn(milestone.votes, from)) reject("illegal_state", { state: "voted" });
  if (textOf(payload, "digest") !== `sha256:${subject.envelope.digest}`) reject("digest_mismatch");
  emit();
  const voted = milestoneOf(state.delegation(delegation.id), on);
  const decided = voted === null ? null : verdictOf(delegation, voted);
  // A vote after the verdict is kept as evidence, and changes nothing.
  if (voted?.state !== "verifying" || decided === null) return {};
  return { settlement: settleMilestone(draft, delegation.id, on, decided) };
};

/** `pass` by k votes, `fail` once k can't be reached any more; null before. */
export function verdictOf({ attestors }: Delegation, milestone: Milestone): "pass" | "fail" | null {
  const { pass, fail } = countVotes(milestone);
  const [k, n] = attestors.k === 0 ? [1, 1] : [attestors.k, attestors.of.length];
  if (pass >= k) return "pass";
  return fail > n - k ? "fail" : null;
}
