/**
 * A cluster as the conformance suite wants it: with the limits that a deployment has by default.
 */
import type { TestProject } from "vitest/node";
import { findRedisBinary } from "../../cluster/redis-server.ts";
import { startCluster } from "../../cluster.ts";
import { PROTOCOL_LIMITS } from "./limits.ts";

/** Starts it, or says that there is no Redis to start it with; returns how to stop it. */
export async function startForConformance(
  project: TestProject,
  gateways: number,
): Promise<() => Promise<void>> {
  if (findRedisBinary() === null) {
    project.provide("deployment", null);
    return async () => undefined;
  }
  const cluster = await startCluster({ gateways, env: PROTOCOL_LIMITS });
  const urls = cluster.gateways.map(({ url }) => url);
  project.provide("deployment", { control: cluster.url, gateways: urls });
  return cluster.stop;
}
