/** The part of the directory's contract that is about plans (§2.10). */
import type { AccountId } from "@ams/protocol";
import type { Outcome } from "@ams/store";
import type { AccountLimits, Plan } from "./limits.ts";
import type { Account } from "./records.ts";

/** Every change is announced to the deployment, so that it holds on every gateway at once. */
export interface Plans {
  /** All of them, by name. */
  plans(): Promise<readonly Plan[]>;
  /** Makes a plan or changes it, and announces `plans_changed`. At most `PLANS_MAX`. */
  setPlan(plan: Plan): Promise<Outcome<null, "plan_limit">>;
  /** Accounts under it follow `DEFAULT_PLAN` from now on. Announces `plans_changed`. */
  removePlan(name: string): Promise<Outcome<null, "not_found">>;
  /** Puts an account under a plan, null for none, and announces `limits_changed`. */
  setAccountPlan(
    id: AccountId,
    name: string | null,
  ): Promise<Outcome<Account, "not_found" | "unknown_plan">>;
  /** The account, its plan, and its limits by both; null when there is no account. */
  limitsOf(id: AccountId): Promise<HeldLimits | null>;
}

export type HeldLimits = {
  readonly account: Account;
  /** The name of the plan that holds. */
  readonly plan: string | null;
  /** What the plan says, whatever the account's own limits are. */
  readonly planLimits: AccountLimits;
  /** A null follows the deployment's setting. */
  readonly limits: AccountLimits;
};
