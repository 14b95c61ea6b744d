/** Accounts, as operators see and change them (§11.2, §11.3, §11.5). */
import {
  type Account,
  type AccountLimits,
  DEPLOYMENT_LIMITS,
  isLimitName,
  isLimitValue,
  isPlanName,
  LIMIT_MAX,
  LIMIT_MIN,
  LIMIT_NAMES,
  type LimitName,
  type ListedAccount,
  type OperatorKey,
} from "@ams/directory";
import { isAccountId, isNamespace } from "@ams/protocol";
import { z } from "zod";
import { optionalValue, readBody } from "../http/body.ts";
import type { Call, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { listQuery, readLimit } from "../http/queries.ts";
import { isName, noContent, replyJson } from "../http/reply.ts";
import { recordAction } from "./audit.ts";
import { OPERATOR_ERRORS, type OperatorEndpoint } from "./authenticate.ts";

/** Characters of a reason: some sentences. */
const REASON_CHARACTERS_MAX = 500;

/** What a namespace can begin with. */
const PREFIX = /^[a-z0-9][a-z0-9-]{0,62}$/;

const limit = z.int().nullable().describe("Null follows the plan, then the deployment.");
const limits = z.object(Object.fromEntries(LIMIT_NAMES.map((name) => [name, limit])));
const suspension = z
  .object({ at: z.string().describe("Since when."), reason: z.string() })
  .nullable()
  .describe("Null for an account that is not suspended.");
const listed = limits.extend({
  account_id: z.string(),
  namespace: z.string(),
  created_at: z.string(),
  plan: z.string().nullable().describe("The plan that it was put under; null for none."),
  suspended: suspension,
});
const use = z.object({
  streams: z.int(),
  guests: z.int(),
  conversations: z.int(),
  keys: z.int(),
});

export const listAccounts: OperatorEndpoint = {
  name: "operator_list_accounts",
  role: "read",
  doc: {
    summary: "List accounts",
    description: "By namespace. Pass `next_cursor` back as `cursor`.",
    auth: "bearer",
    query: listQuery.extend({
      q: z.string().optional().describe("What their namespaces begin with."),
    }),
    success: {
      200: {
        about: "One page.",
        schema: z.object({ accounts: z.array(listed), next_cursor: z.string().nullable() }),
      },
    },
    errors: [...OPERATOR_ERRORS, "invalid_limit", "invalid_cursor"],
    curl: "",
  },
  handle: async (call, { directory }) => {
    const pageLimit = readLimit(call.query("limit"));
    if (pageLimit === null) return problem("invalid_limit");
    const after = call.query("cursor");
    if (after !== null && !isNamespace(after)) return problem("invalid_cursor");
    const prefix = call.query("q") ?? "";
    // What no namespace begins with is found nowhere.
    const page =
      prefix === "" || PREFIX.test(prefix)
        ? await directory.listAccounts({ prefix, after, limit: pageLimit })
        : { accounts: [], next: null };
    return replyJson({ accounts: page.accounts, next_cursor: page.next });
  },
};

export const showOneAccount: OperatorEndpoint = {
  name: "operator_show_account",
  role: "read",
  doc: {
    summary: "Show an account",
    description: "With its own limits, its use over all gateways, and its suspension.",
    auth: "bearer",
    success: { 200: { about: "The account.", schema: listed.extend({ use }) } },
    errors: [...OPERATOR_ERRORS, "not_found"],
    curl: "",
  },
  handle: async (call, tools) => {
    const account = await find(call, tools);
    if (account === null) return problem("not_found");
    const { account_id } = account;
    const [suspended, used] = await Promise.all([
      tools.directory.suspensionOf(account_id),
      tools.directory.accountUse(account_id),
    ]);
    return replyJson({ ...account, suspended, use: used });
  },
};

export const setLimits: OperatorEndpoint = {
  name: "operator_set_limits",
  role: "support",
  doc: {
    summary: "Set limits of an account",
    description: "Those that the body names; null follows the deployment's setting again.",
    auth: "bearer",
    body: { schema: limits.partial(), required: true },
    success: { 200: { about: "The account.", schema: limits } },
    errors: [...OPERATOR_ERRORS, "not_found", "invalid_json", "body_too_large"],
    curl: `-X POST -d '{"streams_max": 50}'`,
  },
  handle: async (call, tools, key) => {
    const body = await readBody(call, "required");
    if (!body.ok) return problem(body.fault);
    const account = await find(call, tools);
    if (account === null) return problem("not_found");
    const wished: { -readonly [Name in LimitName]: number | null } = limitsOf(account);
    for (const [name, json] of body.value) {
      if (!isLimitName(name)) return problem("invalid_request", {}, `There is no limit ${LIMITS}.`);
      const value: unknown = JSON.parse(json.text);
      if (!isLimitValue(name, value)) {
        const sentence = `${name} is null or a whole number from ${LIMIT_MIN[name]} to ${LIMIT_MAX}.`;
        return problem("invalid_request", {}, sentence);
      }
      wished[name] = value;
    }
    const detail = JSON.stringify(wished);
    await recordAction(call, tools, key, {
      action: "limits_changed",
      ...targetOf(account),
      detail,
    });
    const changed = await tools.directory.setAccountLimits(account.account_id, wished);
    if (!changed.ok) return problem("not_found");
    await noteToOwner(call, tools, account, "limits_changed");
    return replyJson(limitsOf(changed.value));
  },
};

export const setPlan: OperatorEndpoint = {
  name: "operator_set_plan",
  role: "support",
  doc: {
    summary: "Put an account under a plan",
    description: "By the plan's name; null for none. It holds everywhere within two seconds.",
    auth: "bearer",
    body: { schema: z.object({ plan: z.string().nullable() }), required: true },
    success: { 200: { about: "The account.", schema: listed } },
    errors: [...OPERATOR_ERRORS, "not_found", "invalid_json", "body_too_large"],
    curl: `-X POST -d '{"plan": "small"}'`,
  },
  handle: async (call, tools, key) => {
    const body = await readBody(call, "required");
    if (!body.ok) return problem(body.fault);
    const account = await find(call, tools);
    if (account === null) return problem("not_found");
    const given = body.value.get("plan");
    const plan: unknown = given === undefined ? undefined : JSON.parse(given.text);
    const plans = await tools.directory.plans();
    if (plan !== null && !(isPlanName(plan) && plans.some(({ name }) => name === plan))) {
      const sentence = "plan is null or the name of a plan of this deployment.";
      return problem("invalid_request", {}, sentence);
    }
    const action = { action: "plan_changed", ...targetOf(account), detail: plan };
    await recordAction(call, tools, key, action);
    const changed = await tools.directory.setAccountPlan(account.account_id, plan);
    if (!changed.ok) return problem("not_found");
    await noteToOwner(call, tools, account, "plan_changed");
    return replyJson(changed.value);
  },
};

export const suspend: OperatorEndpoint = {
  name: "operator_suspend_account",
  role: "support",
  doc: {
    summary: "Suspend an account",
    description:
      "Within a second its requests are refused, and its sockets and those in its conversations closed, 4002 `account_suspended`. Nothing is deleted.",
    auth: "bearer",
    body: { schema: z.object({ reason: z.string().optional() }), required: false },
    success: { 200: { about: "It is suspended.", schema: z.object({ suspended: suspension }) } },
    errors: [...OPERATOR_ERRORS, "not_found", "invalid_json", "body_too_large"],
    curl: `-X POST -d '{"reason": "floods"}'`,
  },
  handle: async (call, tools, key) => {
    const body = await readBody(call, "optional");
    if (!body.ok) return problem(body.fault);
    const reason = optionalValue(body.value.get("reason")) ?? "";
    if (reason !== "" && !isName(reason, REASON_CHARACTERS_MAX)) {
      const sentence = `reason is at most ${REASON_CHARACTERS_MAX} characters without control characters.`;
      return problem("invalid_request", {}, sentence);
    }
    const at = new Date(tools.now()).toISOString();
    return change(call, tools, key, { action: "suspended", suspension: { at, reason } });
  },
};

export const resume: OperatorEndpoint = {
  name: "operator_resume_account",
  role: "support",
  doc: {
    summary: "End a suspension",
    description: "Its credentials, keys and links work again.",
    auth: "bearer",
    success: { 200: { about: "It is not suspended.", schema: z.object({ suspended: z.null() }) } },
    errors: [...OPERATOR_ERRORS, "not_found"],
    curl: "-X POST",
  },
  handle: (call, tools, key) => change(call, tools, key, { action: "resumed", suspension: null }),
};

export const deleteOneAccount: OperatorEndpoint = {
  name: "operator_delete_account",
  role: "admin",
  doc: {
    summary: "Delete an account",
    description:
      "With all that it has: its conversations, links, keys and log. Its namespace is never given out again.",
    auth: "bearer",
    body: {
      schema: z.object({ confirm: z.string().describe("The account's namespace.") }),
      required: true,
    },
    success: { 204: { about: "It is gone.", schema: null } },
    errors: [...OPERATOR_ERRORS, "not_found", "invalid_json", "body_too_large"],
    curl: `-X DELETE -d '{"confirm": "acme"}'`,
  },
  handle: async (call, tools, key) => {
    const body = await readBody(call, "optional");
    if (!body.ok) return problem(body.fault);
    const account = await find(call, tools);
    if (account === null) return problem("not_found");
    if (optionalValue(body.value.get("confirm")) !== account.namespace) {
      const sentence = "confirm is the namespace of the account: nothing was deleted.";
      return problem("invalid_request", {}, sentence);
    }
    const action = { action: "account_deleted", ...targetOf(account), detail: null };
    await recordAction(call, tools, key, action);
    await tools.directory.deleteAccount(account.account_id);
    return noContent();
  },
};

async function change(
  call: Call,
  tools: Tools,
  key: OperatorKey,
  { action, suspension: next }: Change,
): Promise<Response> {
  const account = await find(call, tools);
  if (account === null) return problem("not_found");
  const detail = next?.reason || null;
  await recordAction(call, tools, key, { action, ...targetOf(account), detail });
  const changed = await tools.directory.setSuspension(account.account_id, next);
  if (!changed.ok && changed.fault === "not_found") return problem("not_found");
  if (!changed.ok) {
    return problem("invalid_request", {}, "100,000 accounts are suspended: delete some of them.");
  }
  await tools.suspensions?.look();
  await noteToOwner(call, tools, account, action);
  return replyJson({ suspended: next });
}

type Change = {
  readonly action: "suspended" | "resumed";
  readonly suspension: ListedAccount["suspended"];
};

/** The account's own log says that it was done, and by which request. */
async function noteToOwner(
  { trail }: Call,
  { directory, now }: Tools,
  { account_id }: Account,
  action: "suspended" | "resumed" | "limits_changed" | "plan_changed",
): Promise<void> {
  const at = new Date(now()).toISOString();
  const event = { action, at, actor: "operator", target: null, request_id: trail.requestId };
  await directory.recordEvent(account_id, event);
}

/** By its id or its namespace; no id is a namespace, since those have no underscore. */
async function find({ param }: Call, { directory }: Tools): Promise<Account | null> {
  const named = param("account");
  if (isAccountId(named)) return directory.account(named);
  return isNamespace(named) ? directory.accountOf(named) : null;
}

function targetOf({ account_id, namespace }: Account): { readonly target: string } {
  return { target: `${account_id} ${namespace}` };
}

function limitsOf(account: Account): AccountLimits {
  const own = LIMIT_NAMES.map((name) => [name, account[name]] as const);
  return { ...DEPLOYMENT_LIMITS, ...Object.fromEntries(own) };
}

const LIMITS = `but ${LIMIT_NAMES.join(", ")}`;
