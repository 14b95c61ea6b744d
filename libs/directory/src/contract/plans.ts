/** Plans, and which limits hold for an account. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_PLAN, DEPLOYMENT_LIMITS, PLANS_MAX } from "../limits.ts";
import { faultOf, fresh, newAccount, value, type World } from "./world.ts";

export function plansContract(open: () => Promise<World>): void {
  describe("plans", () => {
    let world: World;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());

    const limits = (over: Partial<typeof DEPLOYMENT_LIMITS>) => ({ ...DEPLOYMENT_LIMITS, ...over });

    test("§2.10.1 an account's own limit holds before its plan's, and that before the deployment's", async () => {
      const { directory, other } = world;
      const { account_id: id } = value(await directory.createAccount(newAccount(), fresh("hash")));
      const plan = {
        name: fresh("plan"),
        limits: limits({ streams_max: 3, frames_per_second: 9 }),
      };
      value(await directory.setPlan(plan));
      expect((await other.limitsOf(id))?.limits).toEqual(DEPLOYMENT_LIMITS);
      expect(value(await directory.setAccountPlan(id, plan.name)).plan).toBe(plan.name);
      expect(await other.limitsOf(id)).toMatchObject({ plan: plan.name, limits: plan.limits });
      value(await directory.setAccountLimits(id, limits({ streams_max: 5 })));
      const both = limits({ streams_max: 5, frames_per_second: 9 });
      expect((await other.limitsOf(id))?.limits).toEqual(both);
      expect((await other.account(id))?.plan).toBe(plan.name);
      value(await directory.setAccountPlan(id, null));
      expect(await other.limitsOf(id)).toMatchObject({ plan: null, limits: { streams_max: 5 } });
      // A gateway passes what the plan says; the account's own is checked where a join is granted.
      expect((await other.limitsOf(id))?.planLimits).toEqual(DEPLOYMENT_LIMITS);
    });

    test("§2.10.2 a change of a plan and of an account's plan is announced, and an unknown plan or account refused", async () => {
      const { directory } = world;
      const { account_id } = value(await directory.createAccount(newAccount(), fresh("hash")));
      const name = fresh("plan");
      expect(faultOf(await directory.setAccountPlan(account_id, name))).toBe("unknown_plan");
      expect(faultOf(await directory.removePlan(name))).toBe("not_found");
      const before = (await world.heard()).length;
      value(await directory.setPlan({ name, limits: limits({ streams_max: 3 }) }));
      value(await directory.setAccountPlan(account_id, name));
      value(await directory.setPlan({ name, limits: limits({ streams_max: 4 }) }));
      value(await directory.removePlan(name));
      const heard = (await world.heard()).slice(before);
      const changed = { kind: "limits_changed", account_id };
      const plans = { kind: "plans_changed" };
      expect(heard.map(({ event }) => event)).toEqual([plans, changed, plans, plans]);
      const { account_id: nobody } = newAccount();
      expect(faultOf(await directory.setAccountPlan(nobody, null))).toBe("not_found");
      expect(await directory.limitsOf(nobody)).toBeNull();
    });

    test("§2.10.3 accounts without a plan, or under a removed one, follow the plan `default`", async () => {
      const { directory } = world;
      const { account_id: id } = value(await directory.createAccount(newAccount(), fresh("hash")));
      const name = fresh("plan");
      value(await directory.setPlan({ name, limits: limits({ streams_max: 3 }) }));
      value(await directory.setPlan({ name: DEFAULT_PLAN, limits: limits({ streams_max: 2 }) }));
      expect(await directory.limitsOf(id)).toMatchObject({ limits: { streams_max: 2 } });
      value(await directory.setAccountPlan(id, name));
      expect(await directory.limitsOf(id)).toMatchObject({ limits: { streams_max: 3 } });
      value(await directory.removePlan(name));
      expect(await directory.limitsOf(id)).toMatchObject({ plan: "default" });
      value(await directory.removePlan(DEFAULT_PLAN));
      expect(await directory.limitsOf(id)).toMatchObject({ plan: null, limits: DEPLOYMENT_LIMITS });
    });

    test("a deployment has at most so many plans, and each can still be changed", async () => {
      const { directory } = world;
      for (const { name } of await directory.plans()) await directory.removePlan(name);
      const names = Array.from({ length: PLANS_MAX }, (_, number) => `plan-${number}`);
      for (const name of names) value(await directory.setPlan({ name, limits: limits({}) }));
      const more = { name: "one-more", limits: limits({}) };
      expect(faultOf(await directory.setPlan(more))).toBe("plan_limit");
      value(await directory.setPlan({ name: "plan-7", limits: limits({ guests_max: 0 }) }));
      const plans = await directory.plans();
      expect(plans.map(({ name }) => name)).toEqual([...names].sort());
      expect(plans.find(({ name }) => name === "plan-7")?.limits.guests_max).toBe(0);
    });
  });
}
