/** A master with a replica and three Sentinels that watch them. Tests only. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { findRedisBinary, freePort, type RedisServer, startRedisServer } from "./redis-server.ts";

export type RedisSentinel = {
  /** `redis+sentinel://…` with all Sentinels. */
  readonly url: string;
  readonly master: RedisServer;
  /** What the master becomes once it is gone. */
  readonly replica: RedisServer;
  stop(): Promise<void>;
};

const SENTINELS = 3;

/** Milliseconds after which a master that does not answer counts as down. */
const DOWN_AFTER_MS = 1_000;
const FAILOVER_TIMEOUT_MS = 5_000;

/** Looks at what is still starting, and milliseconds between two. */
const LOOKS_MAX = 300;
const LOOK_MS = 50;

export async function startRedisSentinel(): Promise<RedisSentinel> {
  const folder = await mkdtemp(join(tmpdir(), "ams-sentinel-"));
  const master = await startRedisServer({ args: ["--repl-diskless-sync-delay", "0"] });
  const replica = await startRedisServer({ args: ["--replicaof", "127.0.0.1", `${master.port}`] });
  await until(replica.port, async (client) => (await client.info()).includes("link_status:up"));
  const ports = await Promise.all(Array.from({ length: SENTINELS }, () => freePort()));
  const sentinels = await Promise.all(ports.map((port) => startSentinel(folder, port, master)));
  for (const port of ports) {
    await until(port, async (client) => {
      const info = await client.info("sentinel");
      return info.includes(`slaves=1,sentinels=${SENTINELS}`);
    });
  }
  return {
    url: `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(",")}/ams`,
    master,
    replica,
    async stop() {
      await Promise.all(sentinels.map(end));
      await Promise.all([master.kill(), replica.kill()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startSentinel(folder: string, port: number, master: RedisServer) {
  const file = join(folder, `${port}.conf`);
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor ams 127.0.0.1 ${master.port} 2`,
    `sentinel down-after-milliseconds ams ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ams ${FAILOVER_TIMEOUT_MS}`,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  const binary = findRedisBinary();
  if (binary === null) throw new Error("There is no redis-server on this machine.");
  const child = spawn(binary, [file, "--sentinel"], { argv0: "redis-server", stdio: "ignore" });
  process.once("exit", () => child.kill("SIGKILL"));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Looks until it is so. */
async function until(port: number, isSo: (client: Redis) => Promise<boolean>): Promise<void> {
  const client = new Redis(port, "127.0.0.1", { retryStrategy: () => LOOK_MS });
  client.on("error", () => undefined);
  try {
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      if (await isSo(client).catch(() => false)) return;
      await sleep(LOOK_MS);
    }
    throw new Error(`Redis on port ${port} is not as it should be.`);
  } finally {
    client.disconnect();
  }
}
