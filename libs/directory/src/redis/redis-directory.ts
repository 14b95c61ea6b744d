/** The directory on Redis. */
import type { Directory } from "../directory.ts";
import { redisAccounts } from "./accounts.ts";
import type { RedisClient } from "./connect.ts";
import { redisConversations } from "./conversations.ts";
import { redisLeases } from "./leases.ts";
import { redisPresence } from "./presence.ts";
import { SCRIPTS } from "./scripts.ts";
import { answered, createStore } from "./store.ts";

export type RedisDirectoryOptions = {
  /** A connection of the role `command`. It stays its owner's: `close` leaves it open. */
  readonly commands: RedisClient;
  /** Announce by SPUBLISH: see `isSharded`. */
  readonly sharded: boolean;
  /** Unix milliseconds; the machine's clock unless given. */
  readonly now?: () => number;
};

/** Every method rejects with `DirectoryUnavailable` while the connection is away. */
export function openRedisDirectory(options: RedisDirectoryOptions): Directory {
  const { commands, sharded, now = Date.now } = options;
  const store = createStore(commands, sharded, SCRIPTS, now);
  const conversations = redisConversations(store);
  return {
    kind: "redis",
    ...redisAccounts(store, conversations),
    ...conversations,
    ...redisPresence(store),
    ...redisLeases(store),
    async ping() {
      const startMs = performance.now();
      await answered("PING", commands.ping());
      return performance.now() - startMs;
    },
    async close() {},
  };
}
