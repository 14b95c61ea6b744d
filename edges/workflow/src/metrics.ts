/** What the edge counts. No DID, run or workflow is ever a label. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Seconds, from an append in memory to a slow disk. */
const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const LAGS = [0, 1, 2, 4, 8, 16, 64, 256, 1_024, 65_536];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(registry: Registry, openRuns: () => number) {
  const registers = [registry];
  new Gauge({
    name: "ams_workflow_open_runs",
    help: "Runs that have not ended, in conversations that are loaded.",
    registers,
    collect() {
      this.set(openRuns());
    },
  });
  return {
    commits: new Counter({
      name: "ams_workflow_commits_total",
      help: "Messages committed, by type.",
      labelNames: ["type"] as const,
      registers,
    }),
    refusals: new Counter({
      name: "ams_workflow_refusals_total",
      help: "Messages and requests refused, by error.",
      labelNames: ["error"] as const,
      registers,
    }),
    commitSeconds: new Histogram({
      name: "ams_workflow_commit_seconds",
      help: "Seconds from the last byte of a submit to the acknowledged append.",
      buckets: SECONDS,
      registers,
    }),
    halts: new Counter({
      name: "ams_workflow_halts_total",
      help: "Stops, pauses and kills that were accepted.",
      registers,
    }),
    haltSeconds: new Histogram({
      name: "ams_workflow_halt_seconds",
      help: "Seconds from the last byte of a stop to its acknowledged append.",
      buckets: SECONDS,
      registers,
    }),
    lag: new Histogram({
      name: "ams_workflow_lag",
      help: "Messages committed between what a sender had seen and its own.",
      buckets: LAGS,
      registers,
    }),
    rollbacks: new Counter({
      name: "ams_workflow_rollbacks_total",
      help: "Rollbacks, by result (done, stuck).",
      labelNames: ["result"] as const,
      registers,
    }),
    forks: new Counter({
      name: "ams_workflow_forks_total",
      help: "Messages whose history is another one than ours.",
      registers,
    }),
  };
}
