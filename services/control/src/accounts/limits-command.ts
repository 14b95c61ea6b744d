/**
 * `control limits <namespace> [--plan NAME] [--streams N|default] …`: an operator sets what one
 * account may have, or sees it. It works on the store itself, so it asks for no credential.
 */
import { parseArgs } from "node:util";
import {
  type Account,
  type AccountLimits,
  DEPLOYMENT_LIMITS,
  type Directory,
  isPlanName,
  LIMIT_NAMES,
} from "@ams/directory";
import { isNamespace, type Namespace } from "@ams/protocol";
import { LIMIT_ARGS, LIMIT_ARGS_USAGE, readLimitArgs } from "./limit-options.ts";
import { EXIT_USAGE, fail, reachable, recordOperator, type Said } from "./said.ts";

export const LIMITS_USAGE = `usage: control limits <namespace> [--plan NAME|none] [--streams N|default …] [--directory FOLDER]

  --plan NAME         the plan whose limits hold where the account has none of its own
${LIMIT_ARGS_USAGE}
  --directory         the state folder of a standalone AMS, which may run meanwhile; else AMS_REDIS_URL says where Redis is
`;

export type LimitsWish = {
  readonly namespace: Namespace;
  /** Null for none; absent: as it is. */
  readonly plan?: string | null;
  /** What is absent stays as it is; null follows the deployment's setting. */
  readonly limits: Partial<AccountLimits>;
  /** The folder of an embedded directory; null means Redis. */
  readonly folder: string | null;
};

/** What the arguments behind `control` ask for, or what is wrong with them in a sentence. */
export function readLimitsWish(
  args: readonly string[],
):
  | { readonly ok: true; readonly value: LimitsWish }
  | { readonly ok: false; readonly fault: string } {
  const parsed = parse(args);
  if (typeof parsed === "string") return { ok: false, fault: parsed };
  const { positionals, values } = parsed;
  const [command, namespace, ...more] = positionals;
  if (command !== "limits" || namespace === undefined || more.length > 0) {
    return { ok: false, fault: "say: limits, and one namespace" };
  }
  if (!isNamespace(namespace)) return { ok: false, fault: "that is not a namespace" };
  const { plan } = values;
  if (plan !== undefined && !isPlanName(plan)) return { ok: false, fault: "that is not a plan" };
  const limits = readLimitArgs(values);
  if (!limits.ok) return limits;
  const folder = values.directory ?? null;
  const wish = { namespace, limits: limits.value, folder };
  if (plan === undefined) return { ok: true, value: wish };
  return { ok: true, value: { ...wish, plan: plan === "none" ? null : plan } };
}

/** Sets what is wished, and says the account's record as JSON. */
export function runLimits(directory: Directory, wish: LimitsWish): Promise<Said> {
  return reachable(async () => {
    const account = await directory.accountOf(wish.namespace);
    if (account === null) return fail(EXIT_USAGE, "no account has that namespace");
    const { account_id } = account;
    let changed = account;
    if (wish.plan !== undefined) {
      const put = await directory.setAccountPlan(account_id, wish.plan);
      if (!put.ok) return fail(EXIT_USAGE, FAULTS[put.fault]);
      await recordOperator(directory, account_id, "plan_changed");
      changed = put.value;
    }
    if (Object.keys(wish.limits).length > 0) {
      const own = LIMIT_NAMES.map((name) => [name, changed[name]] as const);
      const limits = { ...DEPLOYMENT_LIMITS, ...Object.fromEntries(own), ...wish.limits };
      const set = await directory.setAccountLimits(account_id, limits);
      if (!set.ok) return fail(EXIT_USAGE, FAULTS[set.fault]);
      await recordOperator(directory, account_id, "limits_changed");
      changed = set.value;
    }
    return succeed(changed);
  });
}

const FAULTS = {
  not_found: "the account was just deleted",
  unknown_plan: "no plan has that name: `control plan set` makes one",
} as const;

function succeed(account: Account): Said {
  return { exit: 0, out: `${JSON.stringify(account, null, 2)}\n`, error: "" };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...LIMIT_ARGS,
        plan: { type: "string" },
        directory: { type: "string" },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : "the arguments can't be read";
  }
}
