/**
 * What every journey stands on: a cluster of its own for the tests of a `describe`, and the
 * conformance suite's way of speaking to it, whose subscribers hold each frame to the protocol's
 * invariants.
 */
import { afterAll, beforeAll, describe, expect } from "vitest";
import { findRedisBinary } from "../cluster/redis-server.ts";
import { type Cluster, type ClusterOptions, type Member, startCluster } from "../cluster.ts";
import { speakTo } from "../conformance/driver.ts";

/** Groups tests that need Redis: they are skipped, and listed so, where there is none. */
export function onRedis(name: string, tests: () => void): void {
  describe.runIf(findRedisBinary() !== null)(name, tests);
}

/** Counters of rejections that nobody awaited, in the metrics of a gateway and of control. */
const REJECTIONS = /^ams_(?:control_)?unhandled_rejections_total (\d+)$/m;

/**
 * Starts a cluster before the tests of the surrounding group; the returned function gives it.
 * Behind them it looks that no process that still runs has counted an unhandled rejection, and
 * stops it.
 */
export function inCluster(
  options: ClusterOptions | (() => Promise<ClusterOptions>),
): () => Cluster {
  let cluster: Cluster | null = null;
  beforeAll(async () => {
    cluster = await startCluster(typeof options === "function" ? await options() : options);
    speakToAll(cluster);
  });
  afterAll(async () => {
    const running = [...(cluster?.gateways ?? []), cluster?.control].filter(
      (member) => member?.isRunning() === true,
    );
    const counted = await Promise.all(running.map((member) => member && rejectionsOf(member)));
    await cluster?.stop();
    expect(counted, "ams_unhandled_rejections_total").toEqual(running.map(() => 0));
  });
  return () => cluster ?? expect.fail("the cluster did not start");
}

/**
 * Names the cluster's gateways as they now are to the conformance suite's driver: `at` is then the
 * index of one.
 */
export function speakToAll({ url, gateways }: Cluster): void {
  speakTo({ control: url, gateways: gateways.map((gateway) => gateway.url) });
}

/** Rejections that this process has counted as unhandled. */
async function rejectionsOf(member: Member): Promise<number> {
  return Number(REJECTIONS.exec(await metricsOf(member))?.[1] ?? Number.NaN);
}

/** Everything that `/metrics` of this process says. */
export async function metricsOf(member: Member): Promise<string> {
  return (await fetch(`${member.adminUrl}/metrics`)).text();
}

/** The sum of a counter or gauge over its labels, 0 where it hasn't been counted yet. */
export async function metric(member: Member, name: string): Promise<number> {
  const lines = (await metricsOf(member)).split("\n");
  const samples = lines.filter(
    (line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`),
  );
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** The status of `/readyz`. */
export async function readiness(member: Member): Promise<number> {
  return (await fetch(`${member.adminUrl}/readyz`)).status;
}

/** The member at this place. */
export function gatewayOf(cluster: Cluster, index: number): Member {
  return cluster.gateways[index] ?? expect.fail(`there is no gateway ${index}`);
}

/** Whole numbers from 0 up to, not including, this one. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
