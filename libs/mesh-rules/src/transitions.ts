/** Changes of the state that more than one kind of entry makes. */
import {
  type Delegation,
  isOpen,
  type Milestone,
  type Verdict,
  withMilestone,
} from "./delegation.ts";
import type { MeshState } from "./state.ts";

export function newMilestone(on: string, pct: number, minor: number): Milestone {
  const votes: Readonly<Record<string, Verdict>> = {};
  return {
    ...{ on, pct, minor, state: "pending", outcome: null, outcomeAt: 0, votes },
    settlement: null,
  };
}

/** Final: what is pending is refunded, what waits for a verdict goes on. */
export function endDelegation(
  state: MeshState,
  delegation: Delegation,
  to: Delegation["state"],
  seq: number,
  at: number,
  fault: string | null = null,
): void {
  if (!isOpen(delegation)) return;
  const { id } = delegation;
  let next: Delegation = { ...delegation, state: to, endedAt: at, fault };
  for (const { on, state: is } of delegation.milestones) {
    if (is !== "pending") continue;
    next = withMilestone(next, on, { state: "refunded" });
    state.note(seq, id, "refunded", on);
  }
  state.delegations.set(id, next);
  state.dues.delete(`expire:${id}`);
  state.dues.delete(`cycle:${id}`);
  state.note(seq, id, to);
}

export function spendNonce(state: MeshState, did: string, nonce: number): void {
  const { nonceWindow } = state.settings;
  const known = state.nonces.get(did) ?? { max: -1, used: new Set<number>() };
  const max = Math.max(known.max, nonce);
  const kept = [...known.used, nonce].filter((one) => one > max - nonceWindow);
  state.nonces.set(did, { max, used: new Set(kept) });
}
