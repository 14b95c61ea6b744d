/**
 * A namespace's list of conversations. Entries come before their records and go after them, so some
 * have none.
 */

import type { Namespace } from "@ams/protocol";
import { answered } from "@ams/store";
import { type ListPosition, listingOf, parseListing } from "../cursor.ts";
import type { Conversation } from "../records.ts";
import { decodeConversation } from "./decode.ts";
import type { Store } from "./store.ts";

/** List entries that are read at a time. */
const CHUNK = 200;

/**
 * Milliseconds after which an entry without a record isn't one that is being made: its maker has
 * died.
 */
const ORPHAN_AFTER_MS = 600_000;

/** List entries after this one, oldest first. */
async function readListings(
  store: Store,
  namespace: Namespace,
  after: string | null,
  count: number,
): Promise<readonly string[]> {
  const key = store.keys.namespace(namespace).conversations;
  const from = after === null ? "-" : `(${after}`;
  const reading = store.client.zrangebylex(key, from, "+", "LIMIT", 0, count);
  return await answered("ZRANGEBYLEX", reading);
}

/** Up to `limit` conversations after this entry; entries without a record are passed over. */
export async function readConversations(
  store: Store,
  namespace: Namespace,
  after: string | null,
  limit: number,
): Promise<readonly Conversation[]> {
  const found: Conversation[] = [];
  for (let position = after; found.length < limit; ) {
    const listings = await readListings(store, namespace, position, Math.min(CHUNK, limit));
    position = listings.at(-1) ?? position;
    const records = await Promise.all(listings.map((one) => readListed(store, namespace, one)));
    found.push(...records.filter((record) => record !== null));
    if (listings.length === 0) break;
  }
  return found.slice(0, limit);
}

/**
 * Calls `step` for every entry, one after the other; entries that come meanwhile may be passed
 * over.
 */
export async function everyListed(
  store: Store,
  namespace: Namespace,
  step: (position: ListPosition) => Promise<void>,
): Promise<void> {
  for (let after: string | null = null; ; ) {
    const listings: readonly string[] = await readListings(store, namespace, after, CHUNK);
    for (const listing of listings) {
      const position = parseListing(listing);
      if (position !== null) await step(position);
    }
    after = listings.at(-1) ?? null;
    if (after === null) return;
  }
}

async function readListed(
  store: Store,
  namespace: Namespace,
  listing: string,
): Promise<Conversation | null> {
  const position = parseListing(listing);
  if (position === null) return null;
  const { record } = store.keys.conversation({ namespace, alias: position.alias });
  const names = ["record", "subscribers_max", "closed"] as const;
  const fields = await answered("HMGET", store.client.hmget(record, ...names));
  const [json = null, subscribersMax = null, closed = null] = fields;
  const conversation = json === null ? null : decodeConversation(json, subscribersMax);
  if (conversation !== null && listingOf(conversation) === listing) {
    return closed === null ? conversation : null;
  }
  if (store.now() - Date.parse(position.created_at) > ORPHAN_AFTER_MS) {
    await answered(
      "ZREM",
      store.client.zrem(store.keys.namespace(namespace).conversations, listing),
    );
  }
  return null;
}
