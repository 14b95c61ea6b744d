/**
 * The one way to Redis for everything in this folder: the scripts, and what the directory's keys
 * are named.
 */
import {
  answered,
  createRedisStore,
  type RedisClient,
  type RedisStore,
  type Script,
} from "@ams/store";
import type { Removed } from "../directory.ts";
import type { Keys } from "./keys.ts";

export type Store = RedisStore & {
  readonly keys: Keys;
  /** How events are announced here: by SPUBLISH where pub/sub is sharded. */
  readonly publish: "PUBLISH" | "SPUBLISH";
  readonly removed: Removed;
  /** Unix milliseconds. */
  readonly now: () => number;
};

export type StoreOptions = {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly sharded: boolean;
  readonly removed: Removed;
  readonly now: () => number;
};

export function createStore(
  { client, keys, sharded, removed, now }: StoreOptions,
  scripts: readonly Script[],
): Store {
  const publish = sharded ? "SPUBLISH" : "PUBLISH";
  return { ...createRedisStore(client, scripts), keys, publish, removed, now };
}

/**
 * Takes members out of gateways' indexes, as scripts reply them: [gateway, member, …]. What is not
 * taken out here is given back by the gateway's own review, or by its sweep.
 */
export async function unindex(
  { client }: Store,
  heldPrefix: string,
  gatewaysAndMembers: readonly string[],
): Promise<void> {
  const removals: Promise<number>[] = [];
  for (let index = 0; index < gatewaysAndMembers.length; index += 2) {
    const [gateway = "", member = ""] = gatewaysAndMembers.slice(index, index + 2);
    removals.push(answered("SREM", client.srem(`${heldPrefix}${gateway}`, member)));
  }
  await Promise.allSettled(removals);
}
