/** Which limits hold for an account: its own, then its plan's, then the deployment's (§2.10). */
import { type Account, type AccountLimits, limitsUnder, type Plan, planOf } from "@ams/directory";
import { KEYS_MAX } from "@ams/protocol";
import type { ControlConfig } from "../config.ts";
import type { Tools } from "../http/endpoint.ts";

/** Milliseconds for which read plans hold: a change is effective within 2 s (§2.10.2). */
const PLANS_MS = 1_000;

/** Reads the deployment's plans, for every request of so long once. */
export function createPlans(
  read: () => Promise<readonly Plan[]>,
  now: () => number,
): () => Promise<readonly Plan[]> {
  let atMs = Number.NEGATIVE_INFINITY;
  let plans: Promise<readonly Plan[]> | null = null;
  return () => {
    if (plans !== null && now() < atMs + PLANS_MS && now() >= atMs) return plans;
    atMs = now();
    plans = read();
    // The next request asks again.
    plans.catch(() => {
      plans = null;
    });
    return plans;
  };
}

export type PlanLimits = { readonly plan: string | null; readonly limits: AccountLimits };

/** The limits of an account that was just read. */
export async function limitsFor(account: Account, { plans }: Tools): Promise<PlanLimits> {
  const plan = planOf(account, await plans());
  return { plan: plan?.name ?? null, limits: limitsUnder(account, plan) };
}

/** As `GET /v1/account` shows them; what has no limit is absent, 0 as a rate means none. */
export function shownLimits(limits: AccountLimits, config: ControlConfig): Record<string, number> {
  return {
    streams_per_account: limits.streams_max ?? config.streamsPerAccount,
    guests_per_account: limits.guests_max ?? config.guestsPerAccount,
    conversations_per_account: limits.conversations_max ?? config.conversationsPerAccount,
    subscribers_per_conversation: limits.subscribers_max ?? config.subscribersPerConversation,
    keys_per_account: KEYS_MAX,
    mints_per_minute: limits.mints_per_minute ?? config.mintsPerMinute,
    frames_per_second: limits.frames_per_second ?? 0,
    bytes_per_second: limits.bytes_per_second ?? 0,
    deliveries_per_second: limits.deliveries_per_second ?? 0,
    replay_bytes: Math.min(limits.replay_bytes_max ?? config.replayBytesMax, config.replayBytesMax),
    replay_ttl_s: Math.min(limits.replay_seconds_max ?? config.replayTtlSMax, config.replayTtlSMax),
  };
}
