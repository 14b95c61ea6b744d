/**
 * Expired conversations on Redis: one index in each partition, ordered by the time at which each
 * may go.
 */

import { isAlias, isNamespace } from "@ams/protocol";
import { answered } from "@ams/store";
import { PARTITIONS } from "../channels.ts";
import { type Conversations, EXPIRED_AGAIN_MS } from "../directory.ts";
import type { Address, Conversation } from "../records.ts";
import { closeExpired } from "./scripts/conversations.ts";
import type { Store } from "./store.ts";

/**
 * Partitions that one step looks into: all of them are seen within half a minute of steps, one a
 * second.
 */
const PARTITIONS_AT_ONCE = 4;

/** Conversations of one partition that a step removes at most: some milliseconds of Redis. */
const REMOVED_AT_ONCE = 50;

/** How the index names it. */
export function expiringMember({ namespace, alias, generation }: Conversation): string {
  return `${namespace}/${alias} ${generation}`;
}

/** Removes what is there if it still is of this generation. */
type RemoveGeneration = (address: Address, generation: string) => Promise<boolean>;

/** Each call goes on where the last one ended; processes begin at different positions. */
export function expiryOf(store: Store, remove: RemoveGeneration): Conversations["removeExpired"] {
  let partition = Math.floor(Math.random() * PARTITIONS);
  return async () => {
    let removed = 0;
    for (let step = 0; step < PARTITIONS_AT_ONCE; step += 1) {
      partition = (partition + 1) % PARTITIONS;
      const key = store.keys.expiring(partition);
      const due = store.client.zrangebyscore(key, "-inf", store.now(), "LIMIT", 0, REMOVED_AT_ONCE);
      for (const member of await answered("ZRANGEBYSCORE", due)) {
        if (await removeOne(store, key, member, remove)) removed += 1;
      }
    }
    return removed;
  };
}

async function removeOne(
  store: Store,
  key: string,
  member: string,
  remove: RemoveGeneration,
): Promise<boolean> {
  const [path = "", generation = ""] = member.split(" ");
  const address = addressOf(path);
  if (address === null) {
    await answered("ZREM", store.client.zrem(key, member));
    return false;
  }
  const { record, roster, channelPrefix, outboxes, outbox } = store.keys.conversation(address);
  const againAt = store.now() + EXPIRED_AGAIN_MS;
  const { namespace, alias } = address;
  const args = [store.publish, channelPrefix, generation, member, againAt, namespace, alias];
  const keys = [record, roster, key, outboxes, outbox];
  if ((await store.run(closeExpired, keys, args)) !== 1) return false;
  return await remove(address, generation);
}

function addressOf(path: string): Address | null {
  const [namespace = "", alias = ""] = path.split("/");
  return isNamespace(namespace) && isAlias(alias) ? { namespace, alias } : null;
}
