/** The directory on Redis. */
import { answered, DEFAULT_PREFIX, type RedisClient } from "@ams/store";
import { type Directory, NOTHING_ELSE, type Removed } from "../directory.ts";
import { redisAccounts } from "./accounts.ts";
import { redisConversations } from "./conversations.ts";
import { announceToDeployment } from "./credentials.ts";
import { redisHosting } from "./hosting.ts";
import { keysUnder } from "./keys.ts";
import { redisLeases } from "./leases.ts";
import { redisOutbox } from "./outbox.ts";
import { redisPeppers } from "./peppers.ts";
import { redisPlans } from "./plans.ts";
import { redisPresence } from "./presence.ts";
import { SCRIPTS } from "./scripts.ts";
import { createStore } from "./store.ts";
import { redisUsage } from "./usage.ts";
import { redisWebhooks } from "./webhooks.ts";

export type RedisDirectoryOptions = {
  /** A connection of the role `command`. It stays its owner's: `close` leaves it open. */
  readonly commands: RedisClient;
  /** Announce by SPUBLISH: see `isSharded`. */
  readonly sharded: boolean;
  /** What its keys and channels begin with: see `redisPrefix`. */
  readonly prefix?: string;
  /** Called with the channel of a conversation that was removed: what else was kept of it goes. */
  readonly removed?: Removed;
  /** Unix milliseconds; the machine's clock unless given. */
  readonly now?: () => number;
};

/** Every method rejects with `DirectoryUnavailable` while the connection is away. */
export function openRedisDirectory(options: RedisDirectoryOptions): Directory {
  const { commands, sharded, prefix = DEFAULT_PREFIX, now = Date.now } = options;
  const { removed = NOTHING_ELSE } = options;
  const keys = keysUnder(prefix);
  const store = createStore({ client: commands, keys, sharded, removed, now }, SCRIPTS);
  const outbox = redisOutbox(store);
  const conversations = redisConversations(store, outbox);
  const accounts = redisAccounts(store, conversations);
  return {
    kind: "redis",
    channels: keys.channels,
    ...accounts,
    ...redisPlans(store),
    ...redisHosting(store, accounts),
    ...redisUsage(store),
    announceNotice: (notice) => announceToDeployment(store, { kind: "notice", ...notice }),
    ...conversations,
    ...redisPresence(store, outbox),
    ...redisLeases(store),
    ...redisPeppers(store),
    ...outbox,
    ...redisWebhooks(store),
    async ping() {
      const startMs = performance.now();
      await answered("PING", commands.ping());
      return performance.now() - startMs;
    },
    async close() {},
  };
}
