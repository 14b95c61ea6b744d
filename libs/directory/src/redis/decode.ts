/**
 * Records as Redis has them: the members that never change as one JSON text, those that do as
 * fields beside it.
 */

import { type AccountId, isAccountId, SCOPES } from "@ams/protocol";
import { optionalNumber } from "@ams/store";
import { type AccountLimits, LIMIT_NAMES } from "../limits.ts";
import type { Account, Conversation } from "../records.ts";

/** What follows the account id in the namespace of an account that is gone or going. */
export const DELETED_MARK = " deleted";

/** What changes of an account: its plan, and its limits, each named as in the record. */
export const ACCOUNT_FIELDS: readonly string[] = ["plan", ...LIMIT_NAMES];

/** Limits as a hash takes them: each name with its value, empty for null. */
export function encodeLimits(limits: AccountLimits): readonly (string | number)[] {
  return LIMIT_NAMES.flatMap((name) => [name, limits[name] ?? ""]);
}

/** The same without those that are null, for a record that has none yet. */
export function encodeFirst({ plan, ...limits }: Account): readonly (string | number)[] {
  const set = LIMIT_NAMES.flatMap((name) => (limits[name] === null ? [] : [name, limits[name]]));
  return plan === null ? set : ["plan", plan, ...set];
}

/** From `record` and `ACCOUNT_FIELDS`; null when there is no record. */
export function decodeAccount(fields: readonly (string | null)[]): Account | null {
  const [json = null, plan = null, ...values] = fields;
  if (json === null) return null;
  const account: Account = JSON.parse(json);
  const limits = LIMIT_NAMES.map((name, at) => [name, optionalNumber(values[at] ?? null)]);
  return { ...account, plan: plan === "" ? null : plan, ...Object.fromEntries(limits) };
}

/** From `record` and `subscribers_max`. */
export function decodeConversation(json: string, subscribersMax: string | null): Conversation {
  const conversation: Conversation = JSON.parse(json);
  return { ...conversation, subscribers_max: optionalNumber(subscribersMax) };
}

export function toAccountId(text: string): AccountId | null {
  return isAccountId(text) ? text : null;
}

/** Scopes by commas: of those that this version knows. */
export function decodeScopes(text: string) {
  const words = text.split(",");
  return SCOPES.filter((scope) => words.includes(scope));
}
