/** A delegation and its milestones (M5.4, M5.5), as records that are replaced, never changed. */
import type { Constraints } from "./constraints.ts";
import { reject } from "./errors.ts";
import type { Terms } from "./money/terms.ts";

export type MilestoneState = "pending" | "verifying" | "released" | "failed" | "refunded";
export type Verdict = "pass" | "fail" | "abstain";

export type Milestone = {
  readonly on: string;
  readonly pct: number;
  readonly minor: number;
  readonly state: MilestoneState;
  /** The envelope that says it is done; null before. */
  readonly outcome: string | null;
  readonly outcomeAt: number;
  readonly votes: Readonly<Record<string, Verdict>>;
  readonly settlement: string | null;
};

export type DelegationState =
  | "funded"
  | "accepted"
  | "active"
  | "past_due"
  | "declined"
  | "revoked"
  | "expired"
  | "closed";

export type Delegation = {
  readonly id: string;
  readonly at: number;
  /** The intent, or for a sub-delegation its own envelope, whose terms these are. */
  readonly intent: string;
  readonly root: string;
  readonly rootPrincipal: string;
  readonly principal: string;
  readonly agent: string;
  readonly parent: string | null;
  readonly children: readonly string[];
  readonly depth: number;
  readonly state: DelegationState;
  readonly wasAccepted: boolean;
  readonly action: string;
  readonly domain: string;
  readonly constraints: Constraints;
  readonly terms: Terms | null;
  readonly milestones: readonly Milestone[];
  readonly attestors: { readonly k: number; readonly of: readonly string[] };
  readonly zkml: boolean;
  readonly policyVersion: number;
  readonly endedAt: number;
  /** A revocation for a reason that the agent answers for. */
  readonly fault: string | null;
  readonly overturned: boolean;
  /** Tries to fund the cycle that is past due. */
  readonly tries: number;
};

export const OPEN_STATES: readonly DelegationState[] = ["funded", "accepted", "active", "past_due"];

export function isOpen({ state }: Delegation): boolean {
  return OPEN_STATES.includes(state);
}

/** Final, and nothing of it waits for a verdict. */
export function hasEnded(delegation: Delegation): boolean {
  return !isOpen(delegation) && delegation.milestones.every(({ state }) => state !== "verifying");
}

export function milestoneOf(delegation: Delegation, on: string): Milestone | null {
  return delegation.milestones.find((milestone) => milestone.on === on) ?? null;
}

export function withMilestone(
  delegation: Delegation,
  on: string,
  change: Partial<Milestone>,
): Delegation {
  const milestones = delegation.milestones.map((one) =>
    one.on === on ? { ...one, ...change } : one,
  );
  return { ...delegation, milestones };
}

export function sumOf(delegation: Delegation, ...states: readonly MilestoneState[]): number {
  return delegation.milestones.reduce(
    (sum, { state, minor }) => sum + (states.includes(state) ? minor : 0),
    0,
  );
}

export function countVotes({ votes }: Milestone) {
  const all = Object.values(votes);
  const count = (verdict: Verdict) => all.filter((one) => one === verdict).length;
  return { pass: count("pass"), fail: count("fail"), abstain: count("abstain") };
}

/** Refuses what a final delegation no longer takes. */
export function requireOpen(delegation: Delegation): void {
  if (delegation.state === "revoked") reject("revoked");
  if (!isOpen(delegation)) refuseState(delegation.state, []);
}

export function refuseState(state: string, allowed: readonly string[]): never {
  return reject("illegal_state", { state, allowed });
}

export function currencyOf({ terms }: Delegation): string {
  return terms?.amount.currency ?? "";
}

export function deadlineOf({ constraints, terms }: Delegation): number | null {
  const { deadline } = constraints;
  return deadline === null ? null : deadline + (terms?.lateS ?? 0) * 1_000;
}

export const escrowOf = (id: string): string => `escrow:${id}`;
export const availOf = (did: string): string => `avail:${did}`;
export const stakeOf = (did: string): string => `stake:${did}`;
export const heldOf = (id: string): string => `held:${id}`;
