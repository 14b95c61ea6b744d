/**
 * How often an address may create accounts, and an account may mint or rotate its credential. On
 * Redis the count is shared by all control processes; while Redis is away each counts for itself,
 * so that its loss lets nobody in.
 */
import { hash, type Keys, type Peppers } from "@ams/directory";
import { networkOf } from "@ams/process";
import type { Cluster, Redis } from "ioredis";
import { LRUCache } from "lru-cache";
import { RateLimiterRedis } from "rate-limiter-flexible";

/** Seconds of one window: the limits are per minute. */
const WINDOW_S = 60;

/** Keys that a process counts by itself at a time: about 10 MB. Who is forgotten begins anew. */
const KEYS_MAX = 50_000;

/** The Redis that counts, and how its keys are named. */
export type RateStore = { readonly client: Redis | Cluster; readonly keys: Keys };

/**
 * Counts one more for this key: null when it may go on, else the whole seconds until it may come
 * back.
 */
export type RateLimit = (key: string, perMinute?: number) => Promise<number | null>;

/**
 * `perMinute` 0 turns the limit off; a key may have another than the others. Without
 * `store` the count is this process's own.
 */
export function createRateLimit(
  name: "accounts" | "mints" | "rotations",
  perMinute: number,
  store: RateStore | null,
): RateLimit {
  const own = countHere();
  const limiter =
    store === null
      ? null
      : new RateLimiterRedis({
          keyPrefix: store.keys.rate(name),
          // Each key's own limit is compared with what was counted.
          points: Number.MAX_SAFE_INTEGER,
          duration: WINDOW_S,
          storeClient: store.client,
          rejectIfRedisNotReady: true,
        });
  return async (key, most = perMinute) => {
    if (most === 0) return null;
    if (limiter === null) return own(key, most);
    try {
      const { consumedPoints, msBeforeNext } = await limiter.consume(key);
      return consumedPoints <= most ? null : Math.max(1, Math.ceil(msBeforeNext / 1000));
    } catch {
      // Redis is away: each process counts for itself.
      return own(key, most);
    }
  };
}

/** Counts in this process, for as many keys as `KEYS_MAX`. */
function countHere(): (key: string, most: number) => number | null {
  const windows = new LRUCache<string, { count: number; readonly endsAtMs: number }>({
    max: KEYS_MAX,
  });
  return (key, most) => {
    const nowMs = performance.now();
    let window = windows.get(key);
    if (window === undefined || nowMs >= window.endsAtMs) {
      window = { count: 0, endsAtMs: nowMs + WINDOW_S * 1000 };
      windows.set(key, window);
    }
    window.count += 1;
    return window.count <= most ? null : Math.ceil((window.endsAtMs - nowMs) / 1000);
  };
}

/** The key of an address: the hash of its network, since no address is kept in clear. */
export function addressKey(peppers: Peppers, address: string): string {
  return hash(peppers.link[0], `address|${networkOf(address)}`).slice(0, 32);
}
