/** A private Redis Cluster for tests: three masters, each with a replica. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type RedisServer, startRedisServer } from "./redis-server.ts";

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
  await promisify(execFile)("redis-cli", create);
  return {
    url: `redis+cluster://${hosts.join(",")}`,
    nodes,
    async stop() {
      await Promise.all(nodes.map((node) => node.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
