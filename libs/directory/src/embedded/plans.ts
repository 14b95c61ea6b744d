/** Plans in the file. */
import type { Notice } from "../directory.ts";
import { encodeEvent } from "../events.ts";
import { DEPLOYMENT_LIMITS, heldLimits, PLANS_MAX, type Plan, planOf } from "../limits.ts";
import type { Plans } from "../plans.ts";
import { announceLimits } from "./accounts.ts";
import { storedAccount } from "./credentials.ts";
import { look, type Store, step } from "./store.ts";

export function announceNotice({ announce, channels }: Store, notice: Notice): void {
  announce(channels.deployment, encodeEvent({ kind: "notice", ...notice }));
}

export function embeddedPlans(store: Store): Plans {
  const { tables } = store;

  const plansNow = (): readonly Plan[] =>
    [...tables.plans.getRange()].map(({ key, value }) => ({
      name: key,
      limits: { ...DEPLOYMENT_LIMITS, ...value },
    }));

  const announcePlans = ({ ok }: { readonly ok: boolean }) => {
    if (ok) store.announce(store.channels.deployment, encodeEvent({ kind: "plans_changed" }));
  };

  return {
    plans: () => look(plansNow),

    setPlan: ({ name, limits }) => {
      const set = (): Awaited<ReturnType<Plans["setPlan"]>> => {
        if (!tables.plans.doesExist(name) && plansNow().length >= PLANS_MAX) {
          return { ok: false, fault: "plan_limit" };
        }
        tables.plans.putSync(name, limits);
        return { ok: true, value: null };
      };
      return step(store, set, announcePlans);
    },

    removePlan: (name) => {
      const remove = (): Awaited<ReturnType<Plans["removePlan"]>> => {
        if (!tables.plans.doesExist(name)) return { ok: false, fault: "not_found" };
        tables.plans.removeSync(name);
        return { ok: true, value: null };
      };
      return step(store, remove, announcePlans);
    },

    setAccountPlan: (id, plan) => {
      const set = (): Awaited<ReturnType<Plans["setAccountPlan"]>> => {
        if (plan !== null && !tables.plans.doesExist(plan)) {
          return { ok: false, fault: "unknown_plan" };
        }
        const stored = storedAccount(store, id);
        if (stored === undefined) return { ok: false, fault: "not_found" };
        const account = { ...stored.account, plan };
        tables.accounts.putSync(id, { ...stored, account });
        return { ok: true, value: account };
      };
      return step(store, set, ({ ok }) => {
        if (ok) announceLimits(store, id);
      });
    },

    limitsOf: (id) =>
      look(() => {
        const account = storedAccount(store, id)?.account;
        if (account === undefined) return null;
        const plan = planOf(account, plansNow());
        return { account, ...heldLimits(account, plan) };
      }),
  };
}
