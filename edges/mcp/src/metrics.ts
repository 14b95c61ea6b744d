/**
 * What the edge counts (Prometheus). Labels come from closed sets: no id, name or address is ever
 * one.
 */
import type { Count, Counters, Wrapper } from "@ams/edge";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Seconds: a call is a few messages on one machine, or waits for 25 s. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 10, 30];

export type Era = "session" | "stateless" | "none";

export type McpMetrics = {
  readonly request: (era: Era, method: string, status: number) => void;
  readonly toolRan: (tool: string, ok: boolean, seconds: number) => void;
  /** What the wrapper counts. */
  readonly counters: Counters;
};

const METHODS: readonly string[] = ["GET", "POST", "DELETE", "OPTIONS"];

export function createMetrics(registry: Registry, size: () => Wrapper["size"] | null): McpMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: "ams_mcp_requests_total",
    help: "HTTP requests by protocol era, method and class of status.",
    labelNames: ["era", "method", "status"] as const,
    registers,
  });
  const tools = new Counter({
    name: "ams_mcp_tool_calls_total",
    help: "Tool calls by tool and outcome (ok, failed).",
    labelNames: ["tool", "outcome"] as const,
    registers,
  });
  const seconds = new Histogram({
    name: "ams_mcp_tool_seconds",
    help: "Seconds of a tool call, those included that it waited for events.",
    labelNames: ["tool"] as const,
    buckets: SECONDS,
    registers,
  });
  const events = new Counter({
    name: "ams_mcp_wrapper_total",
    help: "What subscriptions and sessions did, by event.",
    labelNames: ["event"] as const,
    registers,
  });
  gauge(registry, "ams_mcp_sessions", "Sessions that are open now.", () => size()?.sessions ?? 0);
  gauge(
    registry,
    "ams_mcp_subscriptions",
    "Subscriptions that are held now.",
    () => size()?.subscriptions ?? 0,
  );
  gauge(registry, "ams_mcp_listeners", "Push streams open now.", () => size()?.listeners ?? 0);
  return {
    request: (era, method, status) => {
      const label = METHODS.includes(method) ? method : "other";
      requests.inc({ era, method: label, status: `${Math.floor(status / 100)}xx` });
    },
    toolRan: (tool, ok, took) => {
      tools.inc({ tool, outcome: ok ? "ok" : "failed" });
      seconds.observe({ tool }, took);
    },
    counters: { add: (event: Count, by: number) => events.inc({ event }, by) },
  };
}

function gauge(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}
