/** What the provider counts (Prometheus). Labels come from closed sets: no address, no id. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Seconds: a step of a local store takes under one millisecond, a webhook up to ten seconds. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 10];

export type AmpGauges = {
  readonly sockets: () => number;
  readonly inboxSockets: () => number;
};

export type AmpMetrics = ReturnType<typeof createAmpMetrics>;

export function createAmpMetrics(registry: Registry, gauges: AmpGauges) {
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `ams_amp_${name}`, help, labelNames, registers: [registry] });
  const seconds = (name: string, help: string, labelNames: string[] = []) =>
    new Histogram({
      name: `ams_amp_${name}`,
      help,
      labelNames,
      buckets: SECONDS,
      registers: [registry],
    });
  gauge(registry, "ams_amp_sockets", "Sockets of agents that are open now.", gauges.sockets);
  gauge(
    registry,
    "ams_amp_inbox_sockets",
    "Inboxes on the wire that are joined now.",
    gauges.inboxSockets,
  );
  return {
    routes: counter("routes_total", "Messages routed, by outcome.", ["outcome"]),
    routeSeconds: seconds("route_seconds", "Seconds from a message's arrival to its answer."),
    deliverySeconds: seconds(
      "delivery_seconds",
      "Seconds from the acceptance of a message to the proof of its delivery.",
      ["method"],
    ),
    verifications: counter("verifications_total", "Signatures verified, by outcome.", ["outcome"]),
    notifications: counter(
      "notifications_total",
      "Notifications on the wire: sent, answered, forged or unread.",
      ["outcome"],
    ),
    webhooks: counter("webhook_tries_total", "Tries to deliver by webhook, by outcome.", [
      "outcome",
    ]),
    federation: counter("federation_total", "Messages exchanged with other providers.", [
      "direction",
      "outcome",
    ]),
    queueRefusals: counter("queue_refusals_total", "Messages refused as a queue was full."),
    rateRefusals: counter("rate_refusals_total", "Requests refused by a rate."),
    requests: counter("requests_total", "HTTP requests, by class of status.", ["status"]),
    storeSeconds: seconds("store_seconds", "Seconds of a step of the Redis store.", ["script"]),
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
