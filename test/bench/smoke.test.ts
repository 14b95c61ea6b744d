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

function bench(args: readonly string[]): Printed {
  const { stdout, stderr } = spawnSync(process.execPath, [BENCH, "--json", "--smoke", ...args], {
    encoding: "utf8",
    timeout: TIMEOUT_MS,
  });
  expect(stdout, stderr).not.toBe("");
  return JSON.parse(stdout);
}

/** The load client is C on Linux. */
const hasCompiler = process.platform === "linux" && spawnSync("cc", ["--version"]).status === 0;
const canRun = findRedisBinary() !== null && hasCompiler;

test.skipIf(!canRun)(
  "§5.2 §5.3 a smoke run of the bench loses, doubles and reorders nothing",
  { timeout: TIMEOUT_MS },
  () => {
    const { results } = bench([]);
    expect(results.length).toBeGreaterThan(0);
    expect(results.filter(({ faults }) => faults.length > 0)).toEqual([]);
  },
);
