/**
 * The bench itself: that it runs, and that in every way it drives a token none is lost, doubled or
 * reordered. Never how fast.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findRedisBinary } from "../cluster/redis-server.ts";
import { repositoryRoot } from "../repository-root.ts";

/** Milliseconds: a smoke run takes 15 s on a free machine. */
const TIMEOUT_MS = 240_000;
const BENCH = join(repositoryRoot(), "scripts", "bench.mjs");

type Printed = {
  readonly results: readonly {
    readonly name: string;
    readonly faults: readonly string[];
    readonly rows: readonly {
      readonly what: string;
      readonly ours: number | null;
      readonly note: string;
    }[];
  }[];
};

function bench(args: readonly string[], env: Readonly<Record<string, string>> = {}): Printed {
  const { stdout, stderr } = spawnSync(process.execPath, [BENCH, "--json", "--smoke", ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
    timeout: TIMEOUT_MS,
  });
  expect(stdout, stderr).not.toBe("");
  return JSON.parse(stdout);
}

const hasRedis = findRedisBinary() !== null;

test.skipIf(!hasRedis)(
  "§5.2 §5.3 a smoke run of the bench loses, doubles and reorders nothing",
  { timeout: TIMEOUT_MS },
  () => {
    const { results } = bench([]);
    expect(results.length).toBeGreaterThan(0);
    expect(results.filter(({ faults }) => faults.length > 0)).toEqual([]);
  },
);

test.skipIf(!hasRedis)(
  "without a C compiler the bench counts the same with its client in Node",
  { timeout: TIMEOUT_MS },
  () => {
    const cases = ["fan-100", "latency-across", "reconnect-storm"];
    const names = cases.flatMap((name) => ["--case", name]);
    const { results } = bench(names, { AMS_BENCH_CLIENT: "node" });
    expect(results.map(({ name }) => name)).toEqual(cases);
    expect(results.filter(({ faults }) => faults.length > 0)).toEqual([]);
    // It reads the servers' processor time where the system shows it, and says how late it was
    // itself.
    const rows = results.flatMap((one) => one.rows);
    const cpu = rows.find(({ what }) => what === "server CPU µs per delivery");
    expect(cpu?.ours).toEqual(process.platform === "linux" ? expect.any(Number) : null);
    const p99 = rows.find(({ what }) => what === "p99 µs");
    expect(Number(/late by ([\d.]+)(?: [kM])? µs/.exec(p99?.note ?? "")?.[1])).toBeGreaterThan(0);
  },
);
