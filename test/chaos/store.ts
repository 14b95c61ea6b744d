/** The Redis of a run in one of its three forms, and the faults that each form can have. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  type RedisServer,
  startRedisCluster,
  startRedisSentinel,
  startRedisServer,
} from "@ams/store/testing";
import { Redis } from "ioredis";
import { openProxy } from "./proxy.ts";
import type { Random } from "./random.ts";

export const FORMS = ["single", "sentinel", "cluster"] as const;
export type Form = (typeof FORMS)[number];

export type Fault = { readonly what: string; readonly run: () => Promise<void> };

export type Store = {
  readonly url: string;
  /**
   * Whether it may have forgotten what it acknowledged: a replica took over, or it was killed while
   * its append-only file, which is written every second, was behind.
   */
  readonly forgets: () => boolean;
  /** Drawn anew each time. */
  readonly fault: (random: Random) => Fault;
  /** Channels that somebody subscribes to, but for the marks of gateways. */
  readonly channels: () => Promise<number>;
  readonly stop: () => Promise<void>;
};

export async function startStore(form: Form): Promise<Store> {
  switch (form) {
    case "single":
      return startSingle();
    case "sentinel":
      return startSentinel();
    case "cluster":
      return startCluster();
    default:
      return form satisfies never;
  }
}

async function startSingle(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), "ams-chaos-"));
  let server = await startRedisServer({ appendOnlyDir: folder });
  const proxy = await openProxy(server);
  const at = () => [server];
  let wasKilled = false;
  const restart = async (awayMs: number) => {
    wasKilled = true;
    await server.kill();
    await pause(awayMs);
    server = await startRedisServer({ appendOnlyDir: folder, port: server.port });
  };
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    forgets: () => wasKilled,
    fault: (random) => {
      const ms = random.between(200, 3_000);
      const own: Fault[] = [
        { what: `Redis is killed, and back after ${ms} ms`, run: () => restart(ms) },
        { what: `Redis is frozen for ${ms} ms`, run: () => freeze(server.pid, ms) },
        { what: "one connection to Redis is cut", run: async () => proxy.cutOne(random) },
        {
          what: `bytes to and from Redis take ${Math.ceil(ms / 10)} ms for ${ms} ms`,
          run: async () => {
            proxy.delay(Math.ceil(ms / 10));
            await pause(ms);
            proxy.delay(0);
          },
        },
        {
          what: `bytes to and from Redis are lost for ${ms} ms`,
          run: async () => {
            proxy.blackHole();
            await pause(ms);
            proxy.resume();
          },
        },
      ];
      return random.pick([...own, ...killsOfClients(at)]) ?? killsOfClients(at)[0];
    },
    channels: () => channelsOf(server),
    stop: async () => {
      await proxy.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startSentinel(): Promise<Store> {
  const sentinel = await startRedisSentinel();
  let hasFailedOver = false;
  const master = () => (hasFailedOver ? sentinel.replica : sentinel.master);
  const failOver: Fault = {
    what: "the master is killed, and Sentinel makes the replica one",
    run: async () => {
      hasFailedOver = true;
      await sentinel.master.kill();
      await pause(5_000);
    },
  };
  return {
    url: sentinel.url,
    forgets: () => true,
    fault: (random) => {
      if (!hasFailedOver && random.chance(0.3)) return failOver;
      const ms = random.between(100, 700); // Shorter than what Sentinel takes for a failure.
      const frozen = {
        what: `the master is frozen for ${ms} ms`,
        run: () => freeze(master().pid, ms),
      };
      return random.pick([frozen, ...killsOfClients(() => [master()])]) ?? frozen;
    },
    channels: async () => channelsOf(master()),
    stop: () => sentinel.stop(),
  };
}

async function startCluster(): Promise<Store> {
  const cluster = await startRedisCluster();
  return {
    url: cluster.url,
    forgets: () => true,
    fault: (random) => {
      const slot = `{${random.between(1, 1_000)}}`;
      const own: Fault[] = [
        {
          what: `the master of ${slot} fails over to its replica`,
          run: async () => cluster.failOver(await cluster.masterOf(slot)),
        },
        { what: `the slot of ${slot} moves`, run: () => cluster.moveSlot(slot) },
      ];
      return random.pick([...own, ...killsOfClients(() => cluster.nodes)]) ?? own[0] ?? never();
    },
    channels: async () => (await cluster.channels()).filter(isOfConversation).length,
    stop: () => cluster.stop(),
  };
}

/** `CLIENT KILL` of subscriptions or of commands, on every server. */
function killsOfClients(at: () => readonly RedisServer[]): readonly [Fault, Fault] {
  const kill = (type: string) => async () => {
    for (const { url } of at())
      await ask(url, (client) => client.call("CLIENT", "KILL", "TYPE", type));
  };
  return [
    { what: "CLIENT KILL TYPE pubsub", run: kill("pubsub") },
    { what: "CLIENT KILL TYPE normal", run: kill("normal") },
  ];
}

async function freeze(pid: number, ms: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  try {
    await pause(ms);
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

async function channelsOf({ url }: RedisServer): Promise<number> {
  const listed = await ask(url, (client) => client.call("PUBSUB", "CHANNELS"));
  return Array.isArray(listed) ? listed.filter(isOfConversation).length : 0;
}

/** Not the marks of a gateway to itself: one for each partition that it has used, kept. */
function isOfConversation(channel: unknown): boolean {
  return !String(channel).includes(":mark:");
}

async function ask(url: string, work: (client: Redis) => Promise<unknown>): Promise<unknown> {
  const client = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on("error", () => undefined);
  try {
    return await work(client);
  } catch {
    return null; // It is away, or killed this connection too.
  } finally {
    client.disconnect();
  }
}

function never(): never {
  throw new Error("a form without faults");
}
