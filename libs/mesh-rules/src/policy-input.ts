/** What the policy is asked about a delegation, before it and at each later step (M8.1). */
import type { JsonObject } from "@ams/provenance";
import type { Constraints } from "./constraints.ts";
import type { Delegation } from "./delegation.ts";
import { type Amount, writeAmount } from "./money/amounts.ts";
import { checkPolicy, type Policy, type PolicyInput } from "./policy.ts";
import { reputationOf } from "./reputation.ts";
import type { MeshState } from "./state.ts";

export type Subject = {
  readonly action: string;
  readonly amount: Amount | null;
  readonly agent: string;
  readonly principal: string;
  readonly domain: string;
  readonly constraints: Constraints;
  readonly attestors: number;
  readonly depth: number;
  readonly fanout: number;
  /** A delegation that is counted in the day's spending already. */
  readonly except: string | null;
  readonly isApproved: boolean;
};

const DAY_MS = 86_400_000;

export function subjectOf(state: MeshState, delegation: Delegation): Subject {
  const { action, terms, agent, principal, domain, constraints, attestors, depth } = delegation;
  const parent = delegation.parent === null ? null : state.delegation(delegation.parent);
  return {
    ...{ action, agent, principal, domain, constraints, depth },
    amount: terms?.amount ?? null,
    attestors: attestors.k,
    fanout: parent?.children.length ?? 0,
    except: delegation.id,
    isApproved: true,
  };
}

export function askPolicy(state: MeshState, policy: Policy, subject: Subject, at: number) {
  const { principal, except, agent, domain, ...rest } = subject;
  const input: PolicyInput = {
    ...rest,
    agent,
    at,
    reputation: (other) => reputationOf(state, agent, other ?? domain).score,
    stake: (currency) => state.ledger.balance(`stake:${agent}`, currency),
    spent: (currency) => spentToday(state, principal, currency, at, except),
  };
  return checkPolicy(policy, input);
}

/** The stricter of what held at the delegation and what holds now. */
export function askBoth(state: MeshState, delegation: Delegation, at: number): readonly string[] {
  const subject = subjectOf(state, delegation);
  const before = state.policyOf(delegation.policyVersion);
  const now = askPolicy(state, state.policy, subject, at).reasons;
  if (before === state.policy) return now;
  return [...new Set([...askPolicy(state, before, subject, at).reasons, ...now])];
}

/** What the decision was made of, as its hash binds it. */
export function inputJson({ constraints: _, amount, ...rest }: Subject): JsonObject {
  return { ...rest, amount: amount === null ? null : writeAmount(amount) };
}

function spentToday(
  state: MeshState,
  principal: string,
  currency: string,
  at: number,
  except: string | null,
): number {
  const start = at - (at % DAY_MS);
  let spent = 0;
  for (const id of state.byPrincipal.of(principal).toReversed()) {
    const { at: when, terms } = state.delegation(id);
    if (when < start) break;
    if (id !== except && terms?.amount.currency === currency) spent += terms.amount.minor;
  }
  return spent;
}
