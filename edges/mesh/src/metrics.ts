/** What the edge counts. No DID is ever a label. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Seconds, from an append in memory to a slow disk. */
const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const SKEWS = [0, 1, 2, 5, 10, 30, 60, 120, 300];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(registry: Registry, open: () => number) {
  const registers = [registry];
  new Gauge({
    name: "ams_mesh_open_delegations",
    help: "Delegations that have not ended, in meshes that are loaded.",
    registers,
    collect() {
      this.set(open());
    },
  });
  return {
    envelopes: new Counter({
      name: "ams_mesh_envelopes_total",
      help: "Envelopes handed in, by verb and result (accepted, duplicate, refused).",
      labelNames: ["verb", "result"] as const,
      registers,
    }),
    refusals: new Counter({
      name: "ams_mesh_refusals_total",
      help: "Envelopes and requests refused, by code.",
      labelNames: ["code"] as const,
      registers,
    }),
    acceptSeconds: new Histogram({
      name: "ams_mesh_accept_seconds",
      help: "Seconds from an envelope's last byte to its acknowledged append.",
      buckets: SECONDS,
      registers,
    }),
    postings: new Counter({
      name: "ams_mesh_ledger_postings_total",
      help: "Postings of ledger transactions that this process appended.",
      registers,
    }),
    skew: new Histogram({
      name: "ams_mesh_clock_skew_seconds",
      help: "Seconds between an envelope's time and the service's.",
      buckets: SKEWS,
      registers,
    }),
    broken: new Counter({
      name: "ams_mesh_invariant_broken_total",
      help: "Invariants of the ledger that were seen broken: alert at 1.",
      registers,
    }),
  };
}
