/**
 * Records as Redis has them: the members that never change as one JSON text, those that do as
 * fields beside it.
 */

import { type AccountId, isAccountId, SCOPES } from "@ams/protocol";
import { optionalNumber } from "@ams/store";
import {
  type Account,
  type AccountLimits,
  type Conversation,
  DEPLOYMENT_LIMITS,
} from "../records.ts";

/** What follows the account id in the namespace of an account that is gone or going. */
export const DELETED_MARK = " deleted";

/** The fields of an account's limits, each named as in the record. */
export const LIMIT_FIELDS = Object.keys(DEPLOYMENT_LIMITS);

/** Limits as a hash takes them: each name with its value, empty for null. */
export function encodeLimits(limits: AccountLimits): readonly (string | number)[] {
  const values = new Map<string, number | null>(Object.entries(limits));
  return LIMIT_FIELDS.flatMap((field) => [field, values.get(field) ?? ""]);
}

/** From `record` and `LIMIT_FIELDS`; null when there is no record. */
export function decodeAccount(fields: readonly (string | null)[]): Account | null {
  const [json = null, ...values] = fields;
  if (json === null) return null;
  const account: Account = JSON.parse(json);
  const limits = LIMIT_FIELDS.map((field, at) => [field, optionalNumber(values[at] ?? null)]);
  return { ...account, ...Object.fromEntries(limits) };
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
