/** A private Redis Cluster for tests: three masters, each with a replica. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type RedisServer, startRedisServer } from "./redis-server.ts";

/** Looks at a node that is still hearing of the others, and milliseconds between two. */
const LOOKS_MAX = 200;
const LOOK_MS = 50;

const execute = promisify(execFile);

const NODES = 6;

/** Milliseconds after which a node that doesn't answer counts as down. */
const NODE_TIMEOUT_MS = 5_000;

export type RedisCluster = {
  /** `redis+cluster://…` with all nodes. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
};

/** Starts one and resolves once every slot is served. Needs `redis-cli` on PATH. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const folder = await mkdtemp(join(tmpdir(), "ams-cluster-"));
  const nodes = await Promise.all(
    Array.from({ length: NODES }, (_, node) => {
      const file = join(folder, `nodes-${node}.conf`);
      const enabled = ["--cluster-enabled", "yes", "--cluster-config-file", file];
      const timing = [
        "--cluster-node-timeout",
        `${NODE_TIMEOUT_MS}`,
        "--repl-diskless-sync-delay",
        "0",
      ];
      // The bus between nodes has a port of its own, 10,000 above, which must exist.
      return startRedisServer({ args: [...enabled, ...timing, "--dir", folder], portMax: 55_000 });
    }),
  );
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const create = ["--cluster", "create", ...hosts, "--cluster-replicas", "1", "--cluster-yes"];
  await execute("redis-cli", create);
  await Promise.all(nodes.map(({ port }) => untilComplete(port)));
  return {
    url: `redis+cluster://${hosts.join(",")}`,
    nodes,
    async stop() {
      await Promise.all(nodes.map((node) => node.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when this node knows who has which slot: each hears of it from the others, after the cluster was made. */
async function untilComplete(port: number): Promise<void> {
  const ask = async (...command: readonly string[]) =>
    (await execute("redis-cli", ["-p", `${port}`, ...command])).stdout;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const info = await ask("cluster", "info");
    const replicas = (await ask("cluster", "nodes")).match(/ (?:myself,)?slave /g) ?? [];
    const isComplete = info.includes("cluster_state:ok") && info.includes(`known_nodes:${NODES}`);
    if (isComplete && info.includes("cluster_slots_ok:16384") && replicas.length === NODES / 2)
      return;
    await sleep(LOOK_MS);
  }
  throw new Error("the cluster did not come together");
}
