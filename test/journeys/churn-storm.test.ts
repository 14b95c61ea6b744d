/**
 * Storms of joins, leaves and takeovers under faults: at most one holder a stream, true rosters, no
 * order broken.
 */
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { runStorm } from "./churn.ts";
import { gatewayOf, inCluster, onRedis, range } from "./journey.ts";

const GATEWAYS = 3;

/** Storms of each kind; the long suite asks for more. */
const RUNS = Number(process.env.AMS_STORMS ?? 1);

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

onRedis("three gateways under churn", () => {
  const cluster = inCluster({ gateways: GATEWAYS });

  async function killSubscribers(): Promise<void> {
    const killer = new Redis(cluster().redisUrl);
    try {
      await killer.call("CLIENT", "KILL", "TYPE", "pubsub");
    } finally {
      killer.disconnect();
    }
  }

  test.for(range(RUNS))(
    "§3.5 §5.6 ordinary churn, one Redis restart and one CLIENT KILL TYPE pubsub: run %i",
    async (run) => {
      const redis = cluster().redis ?? expect.fail("the cluster has no Redis of its own");
      const fault = async () => {
        await pause(1_500);
        await redis.kill();
        await redis.restart();
        await pause(3_000);
        await killSubscribers();
      };
      const storm = { gateways: GATEWAYS, clients: 40, names: 20, ms: 7_000, stayMs: 800, fault };
      await runStorm(storm, seeded(run + 1));
    },
  );

  test.for(range(RUNS))(
    "§3.5.1 a takeover storm while a gateway stands still and its subscription is cut: run %i",
    async (run) => {
      const { pid } = gatewayOf(cluster(), run % GATEWAYS);
      const fault = async () => {
        await pause(1_000);
        process.kill(pid, "SIGSTOP");
        try {
          await pause(1_000);
          await killSubscribers();
          // Every other time longer than the lease.
          await pause(run % 2 === 0 ? 1_500 : 6_500);
        } finally {
          process.kill(pid, "SIGCONT");
        }
      };
      const storm = { gateways: GATEWAYS, clients: 24, names: 4, ms: 6_000, stayMs: 300, fault };
      await runStorm(storm, seeded(run + 101));
    },
  );
});
