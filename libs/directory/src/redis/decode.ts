/** Records as they lie in Redis: the parts that never change as one JSON text, those that do as fields beside it. */
import { type AccountId, isAccountId } from "@ams/protocol";
import type { Account, Conversation } from "../records.ts";
import { optionalNumber } from "./store.ts";

/** What stands behind the account id in the namespace of an account that is gone or going. */
export const DELETED_MARK = " deleted";

/** From `record`, `streams_max` and `subscribers_max`; null when there is no record. */
export function decodeAccount(fields: readonly (string | null)[]): Account | null {
  const [json = null, streamsMax = null, subscribersMax = null] = fields;
  if (json === null) return null;
  const account: Account = JSON.parse(json);
  return {
    ...account,
    streams_max: optionalNumber(streamsMax),
    subscribers_max: optionalNumber(subscribersMax),
  };
}

/** From `record` and `subscribers_max`. */
export function decodeConversation(json: string, subscribersMax: string | null): Conversation {
  const conversation: Conversation = JSON.parse(json);
  return { ...conversation, subscribers_max: optionalNumber(subscribersMax) };
}

export function toAccountId(text: string): AccountId | null {
  return isAccountId(text) ? text : null;
}
