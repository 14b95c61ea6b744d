/** What an account may have, the plans that say so for many accounts, and which of both holds. */

/** Who may have how much. A field that is null follows the plan, then the deployment's setting. */
export type AccountLimits = {
  /** Streams that the account may hold at a time, in all conversations together. */
  readonly streams_max: number | null;
  /** Guests that the account's conversations may hold at a time, all together. */
  readonly guests_max: number | null;
  /** Conversations that the account may have at a time. */
  readonly conversations_max: number | null;
  /** Subscribers that each conversation of the account may hold at a time. */
  readonly subscribers_max: number | null;
  /** Mints per minute; 0 for no limit. */
  readonly mints_per_minute: number | null;
  /** Frames per second that the account's streams may send, all together; 0 for no limit. */
  readonly frames_per_second: number | null;
  /** Bytes per second of those frames; 0 for no limit. */
  readonly bytes_per_second: number | null;
  /** Deliveries per second that those frames may cause; 0 for no limit. */
  readonly deliveries_per_second: number | null;
  /** The largest `max_bytes` of a conversation's replay; 0 for no replay. */
  readonly replay_bytes_max: number | null;
  /** The largest `ttl_s` of a conversation's replay, seconds; 0 for no replay. */
  readonly replay_seconds_max: number | null;
};

export type LimitName = keyof AccountLimits;

/** The limits of an account that follows its plan, or the deployment's settings. */
export const DEPLOYMENT_LIMITS: AccountLimits = {
  streams_max: null,
  guests_max: null,
  conversations_max: null,
  subscribers_max: null,
  mints_per_minute: null,
  frames_per_second: null,
  bytes_per_second: null,
  deliveries_per_second: null,
  replay_bytes_max: null,
  replay_seconds_max: null,
};

export const LIMIT_NAMES = Object.keys(DEPLOYMENT_LIMITS) as readonly LimitName[];

/** The smallest value of each limit: without a stream or a conversation an account is of no use. */
export const LIMIT_MIN: Readonly<Record<LimitName, number>> = {
  streams_max: 1,
  guests_max: 0,
  conversations_max: 1,
  subscribers_max: 1,
  mints_per_minute: 0,
  frames_per_second: 0,
  bytes_per_second: 0,
  deliveries_per_second: 0,
  replay_bytes_max: 0,
  replay_seconds_max: 0,
};

/** The largest limit that may be set: a terabyte, more than any deployment holds. */
export const LIMIT_MAX = 1_000_000_000_000;

/** Limits under a name, for any number of accounts. */
export type Plan = { readonly name: string; readonly limits: AccountLimits };

/** Plans of a deployment: a gateway keeps all of them in memory. */
export const PLANS_MAX = 100;

/** The plan of accounts that have none, where there is one of this name. */
export const DEFAULT_PLAN = "default";

/** 1 to 32 lower-case letters, digits and dashes, a letter or digit first. */
const PLAN_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

export function isPlanName(text: unknown): text is string {
  return typeof text === "string" && PLAN_NAME.test(text);
}

export function isLimitName(text: string): text is LimitName {
  return Object.hasOwn(DEPLOYMENT_LIMITS, text);
}

/** Whether a limit may be set to this; null lets it follow the plan, or the deployment. */
export function isLimitValue(name: LimitName, value: unknown): value is number | null {
  if (value === null) return true;
  if (typeof value !== "number" || !Number.isInteger(value)) return false;
  return value >= LIMIT_MIN[name] && value <= LIMIT_MAX;
}

/** The limits of a JSON object, those that it lacks null; else the name of the first bad member. */
export function readLimits(
  value: Readonly<Record<string, unknown>>,
):
  | { readonly ok: true; readonly value: AccountLimits }
  | { readonly ok: false; readonly fault: string } {
  const limits = { ...DEPLOYMENT_LIMITS };
  for (const [name, limit] of Object.entries(value)) {
    if (!isLimitName(name) || !isLimitValue(name, limit)) return { ok: false, fault: name };
    limits[name] = limit;
  }
  return { ok: true, value: limits };
}

/** Its own, where it has none those of its plan; null follows the deployment. */
export function limitsUnder(own: AccountLimits, plan: Plan | null): AccountLimits {
  const named = LIMIT_NAMES.map((name) => [name, own[name] ?? plan?.limits[name] ?? null] as const);
  return { ...DEPLOYMENT_LIMITS, ...Object.fromEntries(named) };
}

/** What holds for an account: all of it, and what its plan alone says. */
export function heldLimits(own: AccountLimits, plan: Plan | null) {
  const limits = limitsUnder(own, plan);
  const planLimits = limitsUnder(DEPLOYMENT_LIMITS, plan);
  return { plan: plan?.name ?? null, limits, planLimits };
}

/** The plan that holds for an account: one that was removed is as none. */
export function planOf(account: { readonly plan: string | null }, plans: readonly Plan[]) {
  const named = (name: string) => plans.find((plan) => plan.name === name) ?? null;
  return (account.plan === null ? null : named(account.plan)) ?? named(DEFAULT_PLAN);
}
