/**
 * `control plan list|set|remove`: an operator's plans (§2.10). It works on the store itself, so it
 * asks for no credential; gateways hear of it at once.
 */
import { parseArgs } from "node:util";
import { type AccountLimits, DEPLOYMENT_LIMITS, type Directory, isPlanName } from "@ams/directory";
import { LIMIT_ARGS, LIMIT_ARGS_USAGE, readLimitArgs } from "./limit-options.ts";
import { EXIT_USAGE, fail, reachable, type Said } from "./said.ts";

export const PLAN_USAGE = `usage: control plan list | set <plan> [--streams N|default …] | remove <plan>  [--directory FOLDER]

  set                 makes the plan, or changes the limits that are given
  remove              its accounts follow the plan "default" from then on, else the deployment
${LIMIT_ARGS_USAGE}
`;

export type PlanWish = {
  readonly action: "list" | "set" | "remove";
  /** Empty for `list`. */
  readonly name: string;
  readonly limits: Partial<AccountLimits>;
  readonly folder: string | null;
};

export function readPlanWish(
  args: readonly string[],
):
  | { readonly ok: true; readonly value: PlanWish }
  | { readonly ok: false; readonly fault: string } {
  const parsed = parse(args);
  if (typeof parsed === "string") return { ok: false, fault: parsed };
  const { positionals, values } = parsed;
  const [command, action, name = "", ...more] = positionals;
  if (command !== "plan" || !isAction(action) || more.length > 0) {
    return { ok: false, fault: "say: plan list, plan set <plan>, or plan remove <plan>" };
  }
  if (action === "list" ? name !== "" : !isPlanName(name)) {
    return { ok: false, fault: "a plan's name has 1 to 32 lower-case letters, digits and dashes" };
  }
  const limits = readLimitArgs(values);
  if (!limits.ok) return limits;
  const folder = values.directory ?? null;
  return { ok: true, value: { action, name, limits: limits.value, folder } };
}

/** Does what is wished, and says all plans as JSON. */
export function runPlan(directory: Directory, wish: PlanWish): Promise<Said> {
  const { action, name } = wish;
  return reachable(async () => {
    if (action === "set") {
      const plan = (await directory.plans()).find((one) => one.name === name);
      const limits = { ...DEPLOYMENT_LIMITS, ...plan?.limits, ...wish.limits };
      const set = await directory.setPlan({ name, limits });
      if (!set.ok) return fail(EXIT_USAGE, "there are as many plans as there may be");
    }
    if (action === "remove" && !(await directory.removePlan(name)).ok) {
      return fail(EXIT_USAGE, "no plan has that name");
    }
    const plans = await directory.plans();
    return { exit: 0, out: `${JSON.stringify(plans, null, 2)}\n`, error: "" };
  });
}

function isAction(text: string | undefined): text is PlanWish["action"] {
  return text === "list" || text === "set" || text === "remove";
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...LIMIT_ARGS, directory: { type: "string" } },
    });
  } catch (error) {
    return error instanceof Error ? error.message : "the arguments can't be read";
  }
}
