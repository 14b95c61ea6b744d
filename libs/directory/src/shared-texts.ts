/**
 * Entries are many, and name the same gateways and accounts: each of these names is kept in memory
 * once.
 */
import type { AccountId } from "@ams/protocol";
import { LRUCache } from "lru-cache";
import type { GatewayId, RosterEntry } from "./records.ts";

/**
 * More gateways than a deployment has, and accounts as are busy at a time: about 1 MB. A name that
 * is forgotten is kept twice.
 */
const gateways = new LRUCache<GatewayId, GatewayId>({ max: 1_000 });
const accounts = new LRUCache<AccountId, AccountId>({ max: 10_000 });

/** The same entry, with names that others have too. */
export function shareTexts(entry: RosterEntry): RosterEntry {
  return {
    ...entry,
    gateway: shared(gateways, entry.gateway),
    owner_account_id: shared(accounts, entry.owner_account_id),
  };
}

function shared<Text extends string>(known: LRUCache<Text, Text>, text: Text): Text {
  const before = known.get(text);
  if (before !== undefined) return before;
  known.set(text, text);
  return text;
}
