/** Plans on Redis. */
import { answered } from "@ams/store";
import { type AccountLimits, DEPLOYMENT_LIMITS, heldLimits, PLANS_MAX, planOf } from "../limits.ts";
import type { Plans } from "../plans.ts";
import { readAccount } from "./accounts.ts";
import { announceToDeployment } from "./credentials.ts";
import { setFields } from "./scripts/accounts.ts";
import { setPlan } from "./scripts/plans.ts";
import type { Store } from "./store.ts";

export function redisPlans(store: Store): Plans {
  const { client, keys } = store;

  const plans: Plans["plans"] = async () => {
    const stored = await answered("HGETALL", client.hgetall(keys.plans));
    const names = Object.keys(stored).sort(byText);
    return names.map((name) => ({ name, limits: decodeLimits(stored[name] ?? "{}") }));
  };

  return {
    plans,

    async setPlan({ name, limits }) {
      const args = [name, JSON.stringify(limits), PLANS_MAX];
      if ((await store.run(setPlan, [keys.plans], args)) === 0) {
        return { ok: false, fault: "plan_limit" };
      }
      await announceToDeployment(store, { kind: "plans_changed" });
      return { ok: true, value: null };
    },

    async removePlan(name) {
      const removed = await answered("HDEL", client.hdel(keys.plans, name));
      if (removed === 0) return { ok: false, fault: "not_found" };
      await announceToDeployment(store, { kind: "plans_changed" });
      return { ok: true, value: null };
    },

    async setAccountPlan(id, name) {
      if (name !== null && (await answered("HEXISTS", client.hexists(keys.plans, name))) === 0) {
        return { ok: false, fault: "unknown_plan" };
      }
      const set = await store.run(setFields, [keys.account(id).record], ["plan", name ?? ""]);
      const changed = set === 0 ? null : await readAccount(store, id);
      if (changed === null) return { ok: false, fault: "not_found" };
      await announceToDeployment(store, { kind: "limits_changed", account_id: id });
      return { ok: true, value: changed };
    },

    async limitsOf(id) {
      const [account, all] = await Promise.all([readAccount(store, id), plans()]);
      if (account === null) return null;
      const plan = planOf(account, all);
      return { account, ...heldLimits(account, plan) };
    },
  };
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** As an earlier version wrote it, too: what has come since follows the deployment. */
function decodeLimits(json: string): AccountLimits {
  return { ...DEPLOYMENT_LIMITS, ...JSON.parse(json) };
}
