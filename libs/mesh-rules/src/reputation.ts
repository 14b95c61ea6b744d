/** Reputation by DID and domain (M9): a fold of the log alone. */
import { type Delegation, hasEnded } from "./delegation.ts";
import { unitsOf } from "./money/amounts.ts";
import type { MeshState } from "./state.ts";

const DAY_MS = 86_400_000;
/** Days after which an experience counts half. */
const HALF_LIFE_DAYS = 180;
/** Of one experience, and of all successes with one principal. */
const VALUE_MAX = 8;
/** Weight of a failure, and of the score that everybody begins with. */
const FAILURE_WEIGHT = 2;
const PRIOR = 4;

export type Experience = {
  readonly principal: string;
  readonly isSuccess: boolean;
  /** Whole units of the amount. */
  readonly units: number;
  /** Unix milliseconds. */
  readonly at: number;
};

export type Reputation = {
  readonly did: string;
  readonly domain: string;
  readonly score: number;
  readonly successes: number;
  readonly failures: number;
  readonly principals: number;
  readonly value: readonly number[];
  readonly oldest: number | null;
  readonly newest: number | null;
  readonly log_size: number;
};

/** `now`: Unix milliseconds of the log's last entry. In the order of the log. */
export function scoreOf(experiences: readonly Experience[], now: number): number {
  const byPrincipal = new Map<string, { count: number; sum: number }>();
  let failures = 0;
  for (const { principal, isSuccess, units, at } of experiences) {
    const worth = Math.min(VALUE_MAX, Math.log2(1 + units));
    const value = worth * 0.5 ** ((now - at) / DAY_MS / HALF_LIFE_DAYS);
    if (!isSuccess) {
      failures += FAILURE_WEIGHT * value;
      continue;
    }
    const known = byPrincipal.get(principal) ?? { count: 0, sum: 0 };
    known.count += 1;
    known.sum = Math.min(VALUE_MAX, known.sum + value / known.count);
    byPrincipal.set(principal, known);
  }
  const successes = [...byPrincipal.values()].reduce((sum, one) => sum + one.sum, 0);
  return Math.round((1_000 * (PRIOR + successes)) / (2 * PRIOR + successes + failures));
}

/** Null for what counts as neither. */
export function experienceOf(delegation: Delegation): Experience | null {
  const { state, milestones, fault, wasAccepted, overturned, terms, principal } = delegation;
  if (!hasEnded(delegation) || overturned) return null;
  const hasFailed = milestones.some(({ state: is }) => is === "failed");
  const isFailure = hasFailed || fault !== null || (state === "expired" && wasAccepted);
  const isSuccess = state === "closed" && milestones.every(({ state: is }) => is === "released");
  if (!isFailure && !isSuccess) return null;
  const minor = milestones.reduce((sum, one) => sum + one.minor, 0);
  const units = terms === null ? 0 : unitsOf({ currency: terms.amount.currency, minor });
  return { principal, isSuccess: !isFailure, units, at: delegation.endedAt };
}

export function reputationOf(state: MeshState, did: string, domain: string): Reputation {
  const experiences = state.byAgent.of(did).flatMap((id) => {
    const delegation = state.delegation(id);
    const experience = delegation.domain === domain ? experienceOf(delegation) : null;
    return experience === null ? [] : [experience];
  });
  experiences.sort((a, b) => a.at - b.at);
  const successes = experiences.filter(({ isSuccess }) => isSuccess);
  return {
    did,
    domain,
    score: scoreOf(experiences, state.at),
    successes: successes.length,
    failures: experiences.length - successes.length,
    principals: new Set(experiences.map(({ principal }) => principal)).size,
    value: experiences.map(({ units }) => Math.min(VALUE_MAX, Math.log2(1 + units))),
    oldest: experiences[0]?.at ?? null,
    newest: experiences.at(-1)?.at ?? null,
    log_size: state.size,
  };
}
