/** The policy of a mesh (M8.1): what it denies, each failing check by its member's name. */
import { hashTagged, type Json, type JsonObject } from "@ams/provenance";
import type { Constraints } from "./constraints.ts";
import { reject } from "./errors.ts";
import { Fields, isDid, isText, isWhole } from "./fields.ts";
import { ATTESTORS_MAX, CHILDREN_MAX, DEPTH_MAX, POLICY_LIST_MAX } from "./limits.ts";
import { type Amount, parseAmount, readAmount } from "./money/amounts.ts";

export type Policy = {
  readonly raw: JsonObject;
  readonly id: string;
  readonly version: number;
  readonly hash: string;
  readonly actions: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly currencies: readonly string[] | null;
  readonly maxBudget: readonly Amount[] | null;
  readonly dailySpend: readonly Amount[] | null;
  readonly jurisdictions: readonly string[] | null;
  readonly deniedClasses: readonly string[] | null;
  readonly counterparties: {
    readonly allow: readonly string[] | null;
    readonly deny: readonly string[];
  } | null;
  readonly minReputation: { readonly score: number; readonly domain: string | null } | null;
  readonly minStake: Amount | null;
  readonly requireAttestors: { readonly over: Amount; readonly k: number } | null;
  readonly humanApproval: { readonly over: Amount; readonly approvers: readonly string[] } | null;
  readonly hours: { readonly tz: string; readonly from: string; readonly to: string } | null;
  readonly maxDepth: number | null;
  readonly maxFanout: number | null;
  readonly arbiter: string | null;
};

export const FIRST_POLICY: JsonObject = { id: "open", actions: { allow: ["*"], deny: [] } };

const MEMBERS = [
  ..."id actions currencies max_budget daily_spend jurisdictions data_classes".split(" "),
  ..."counterparties min_reputation min_stake require_attestors human_approval hours".split(" "),
  ..."max_depth max_fanout arbiter".split(" "),
];
const ID = /^[A-Za-z0-9_.-]{1,64}$/;
const PATTERN = /^(?:[A-Za-z0-9_./:-]{1,128}|[A-Za-z0-9_./:-]{0,127}\*)$/;
const CURRENCY = /^[A-Z]{3}$/;
const COUNTRY = /^[A-Z]{2}$/;
const HOUR = /^(?:[01]\d|2[0-4]):[0-5]\d$/;

export function readPolicy(value: Json | undefined, version: number): Policy {
  const fields = new Fields(value, "invalid_policy").only(MEMBERS);
  const raw = value as JsonObject;
  const part = (name: string) => (fields.has(name) ? fields.fields(name) : null);
  const texts = (from: Fields | null, name: string, test: (text: string) => boolean) =>
    from?.texts(name, POLICY_LIST_MAX, test) ?? null;
  const amounts = (name: string) => {
    const list = fields.list(name, POLICY_LIST_MAX, (item) => parseAmount(item) !== null);
    return list?.map(readAmount) ?? null;
  };
  const actions = fields.fields("actions").only(["allow", "deny"]);
  const isPattern = (text: string) => PATTERN.test(text);
  const isDepth = (given: unknown): given is number => isWhole(given, 0, DEPTH_MAX);
  const isFanout = (given: unknown): given is number => isWhole(given, 0, CHILDREN_MAX);
  const parties = part("counterparties")?.only(["allow", "deny"]) ?? null;
  return {
    raw,
    version,
    hash: hashTagged("ams-mesh", "policy", { ...raw, version }),
    id: fields.text("id", (text) => ID.test(text)),
    actions: {
      allow: texts(actions, "allow", isPattern) ?? [],
      deny: texts(actions, "deny", isPattern) ?? [],
    },
    currencies: texts(fields, "currencies", (text) => CURRENCY.test(text)),
    maxBudget: amounts("max_budget"),
    dailySpend: amounts("daily_spend"),
    jurisdictions: texts(fields, "jurisdictions", (text) => COUNTRY.test(text)),
    deniedClasses: texts(part("data_classes")?.only(["deny"]) ?? null, "deny", isClass),
    counterparties: parties && {
      allow: texts(parties, "allow", isDid),
      deny: texts(parties, "deny", isDid) ?? [],
    },
    ...readFloors(fields),
    ...readOver(fields),
    hours: readHours(part("hours")),
    maxDepth: fields.get("max_depth", isDepth, null),
    maxFanout: fields.get("max_fanout", isFanout, null),
    arbiter: fields.has("arbiter") ? fields.text("arbiter", isDid) : null,
  };
}

function isClass(text: string): boolean {
  return isText(text, 64);
}

function readFloors(fields: Fields): Pick<Policy, "minReputation" | "minStake"> {
  const isScore = (value: unknown): value is number => isWhole(value, 0, 1_000);
  const rep = fields.has("min_reputation") ? fields.fields("min_reputation") : null;
  rep?.only(["score", "domain"]);
  const minReputation = rep && {
    score: rep.get("score", isScore),
    domain: rep.has("domain") ? rep.text("domain", isClass) : null,
  };
  return { minReputation, minStake: amountIn(fields, "min_stake") };
}

function readOver(fields: Fields): Pick<Policy, "requireAttestors" | "humanApproval"> {
  const isK = (value: unknown): value is number => isWhole(value, 1, ATTESTORS_MAX);
  const k = fields.has("require_attestors") ? fields.fields("require_attestors") : null;
  const human = fields.has("human_approval") ? fields.fields("human_approval") : null;
  k?.only(["over", "k"]);
  human?.only(["over", "approvers"]);
  return {
    requireAttestors: k && { over: over(k), k: k.get("k", isK) },
    humanApproval: human && {
      over: over(human),
      approvers: human.texts("approvers", POLICY_LIST_MAX, isDid) ?? [],
    },
  };
}

function over(fields: Fields): Amount {
  return amountIn(fields, "over") ?? reject("invalid_policy", { field: "over" });
}

function amountIn(fields: Fields, name: string): Amount | null {
  if (!fields.has(name)) return null;
  return parseAmount(fields.raw(name)) ?? reject("invalid_policy", { field: name });
}

function readHours(fields: Fields | null): Policy["hours"] {
  if (fields === null) return null;
  fields.only(["tz", "from", "to"]);
  const tz = fields.text("tz", isZone);
  const hour = (name: string) => fields.text(name, (text) => HOUR.test(text));
  return { tz, from: hour("from"), to: hour("to") };
}

function isZone(tz: string): boolean {
  if (!isText(tz, 64)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: tz });
    return true;
  } catch {
    return false;
  }
}

/** What a check looks at. */
export type PolicyInput = {
  readonly action: string;
  readonly amount: Amount | null;
  readonly agent: string;
  readonly constraints: Constraints;
  readonly attestors: number;
  readonly depth: number;
  readonly fanout: number;
  readonly at: number;
  readonly isApproved: boolean;
  readonly reputation: (domain: string | null) => number;
  readonly stake: (currency: string) => number;
  /** What the principal spent this day in UTC, without this. */
  readonly spent: (currency: string) => number;
};

export type PolicyResult = { readonly reasons: readonly string[]; readonly needsApproval: boolean };

/** A check whose input is missing denies. */
export function checkPolicy(policy: Policy, input: PolicyInput): PolicyResult {
  const { amount, constraints, agent } = input;
  const fails: readonly (readonly [string, boolean])[] = [
    ["actions", !isAllowed(policy.actions, input.action)],
    ["currencies", !isIn(policy.currencies, amount === null ? [] : [amount.currency])],
    ["max_budget", !isWithin(policy.maxBudget, amount, 0)],
    ["daily_spend", policy.dailySpend !== null && isOverSpent(policy.dailySpend, input)],
    ["jurisdictions", !isIn(policy.jurisdictions, constraints.jurisdiction ?? [])],
    ["data_classes", isDeniedClass(policy.deniedClasses, constraints.dataClass)],
    ["counterparties", isDeniedParty(policy.counterparties, agent)],
    ["min_reputation", isBelow(policy, input)],
    ["min_stake", isUnderStaked(policy.minStake, input)],
    ["require_attestors", needsAttestors(policy.requireAttestors, amount, input.attestors)],
    ["hours", !isWithinHours(policy.hours, input.at)],
    ["max_depth", policy.maxDepth !== null && input.depth > policy.maxDepth],
    ["max_fanout", policy.maxFanout !== null && input.fanout > policy.maxFanout],
  ];
  const human = policy.humanApproval;
  const isOver = human !== null && isOverOf(human.over, amount);
  return {
    reasons: fails.flatMap(([name, isFailing]) => (isFailing ? [name] : [])),
    needsApproval: isOver && !input.isApproved,
  };
}

function isAllowed({ allow, deny }: Policy["actions"], action: string): boolean {
  const matches = (pattern: string) =>
    pattern.endsWith("*") ? action.startsWith(pattern.slice(0, -1)) : pattern === action;
  return allow.some(matches) && !deny.some(matches);
}

function isIn(allowed: readonly string[] | null, values: readonly string[]): boolean {
  if (allowed === null) return true;
  return values.length > 0 && values.every((value) => allowed.includes(value));
}

function isWithin(limits: readonly Amount[] | null, amount: Amount | null, spent: number): boolean {
  if (limits === null) return true;
  const limit = limits.find(({ currency }) => currency === amount?.currency);
  return amount !== null && limit !== undefined && amount.minor + spent <= limit.minor;
}

/** The day's spending is summed up only where the policy limits it. */
function isOverSpent(limits: readonly Amount[], { amount, spent }: PolicyInput): boolean {
  return !isWithin(limits, amount, spent(amount?.currency ?? ""));
}

function isDeniedClass(denied: readonly string[] | null, classes: readonly string[] | null) {
  if (denied === null) return false;
  return classes === null || classes.some((name) => denied.includes(name));
}

function isDeniedParty(parties: Policy["counterparties"], agent: string): boolean {
  if (parties === null) return false;
  return parties.deny.includes(agent) || parties.allow?.includes(agent) === false;
}

function isBelow({ minReputation }: Policy, { reputation }: PolicyInput): boolean {
  return minReputation !== null && reputation(minReputation.domain) < minReputation.score;
}

function isUnderStaked(floor: Amount | null, { stake }: PolicyInput): boolean {
  return floor !== null && stake(floor.currency) < floor.minor;
}

function needsAttestors(rule: Policy["requireAttestors"], amount: Amount | null, k: number) {
  return rule !== null && isOverOf(rule.over, amount) && k < rule.k;
}

/** An amount of another currency can't be compared, and counts as above. */
function isOverOf(limit: Amount, amount: Amount | null): boolean {
  if (amount === null) return true;
  return amount.currency !== limit.currency || amount.minor > limit.minor;
}

function isWithinHours(hours: Policy["hours"], at: number): boolean {
  if (hours === null) return true;
  const { tz, from, to } = hours;
  const style = { timeZone: tz, hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const now = new Intl.DateTimeFormat("en-GB", style).format(at);
  return from <= to ? from <= now && now < to : now >= from || now < to;
}
