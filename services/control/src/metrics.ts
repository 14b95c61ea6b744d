/**
 * What operators count. Labels are names of routes and limits: nothing that a client could make up.
 */
import { Counter, Histogram, type Registry } from "prom-client";

export type Metrics = {
  readonly request: (route: string, status: number, seconds: number) => void;
  readonly accountCreated: () => void;
  readonly conversationMinted: () => void;
  readonly rateLimited: (limit: string) => void;
};

/** Seconds: a request is one or two round trips to the store. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function createMetrics(registry: Registry): Metrics {
  const registers = [registry];
  const requests = new Counter({
    name: "ams_control_requests_total",
    help: "HTTP requests by route and class of status.",
    labelNames: ["route", "status"] as const,
    registers,
  });
  const seconds = new Histogram({
    name: "ams_control_request_seconds",
    help: "Seconds from a request's headers to its answer.",
    labelNames: ["route"] as const,
    buckets: SECONDS,
    registers,
  });
  const accounts = new Counter({
    name: "ams_control_accounts_created_total",
    help: "Accounts created.",
    registers,
  });
  const conversations = new Counter({
    name: "ams_control_conversations_minted_total",
    help: "Conversations created by a mint.",
    registers,
  });
  const limited = new Counter({
    name: "ams_control_rate_limited_total",
    help: "Requests refused with 429, by limit.",
    labelNames: ["limit"] as const,
    registers,
  });
  return {
    request: (route, status, took) => {
      requests.inc({ route, status: `${Math.floor(status / 100)}xx` });
      seconds.observe({ route }, took);
    },
    accountCreated: () => accounts.inc(),
    conversationMinted: () => conversations.inc(),
    rateLimited: (limit) => limited.inc({ limit }),
  };
}
