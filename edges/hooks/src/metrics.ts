/** What the sender of webhooks counts. No label is a tenant's. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Seconds of an attempt: a near receiver, a far one, a slow one, one that hangs. */
const SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10];

export function createHooksMetrics(registry: Registry, observed: () => number) {
  const registers = [registry];
  new Gauge({
    name: "ams_hooks_observed",
    help: "Conversations whose messages this process reads.",
    registers,
    collect() {
      this.set(observed());
    },
  });
  return {
    events: new Counter({
      name: "ams_hooks_events_total",
      help: "Events that were put into the queue, once for each webhook.",
      registers,
    }),
    attempts: new Counter({
      name: "ams_hooks_attempts_total",
      help: "Attempts to deliver, by what came of them.",
      labelNames: ["outcome"],
      registers,
    }),
    seconds: new Histogram({
      name: "ams_hooks_attempt_seconds",
      help: "How long attempts took.",
      buckets: SECONDS,
      registers,
    }),
    reportsLost: new Counter({
      name: "ams_hooks_reports_lost_total",
      help: "Attempts that are missing in the owners' logs, because control was away for too long.",
      registers,
    }),
  };
}

export type HooksMetrics = ReturnType<typeof createHooksMetrics>;
