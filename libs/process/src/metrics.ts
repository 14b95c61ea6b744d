/**
 * What every process counts: Node's own figures, and the faults of the program that nobody awaited.
 */
import { Counter, collectDefaultMetrics, Registry } from "prom-client";
import { describeError, type Log } from "./log.ts";

/**
 * The process's registry. From now on a rejection that nobody awaited is logged and counted in
 * `ams_unhandled_rejections_total`, and ends nothing.
 */
export function openMetrics(log: Log): Registry {
  const registry = createRegistry();
  collectDefaultMetrics({ register: registry });
  const rejections = countRejections(registry);
  process.on("unhandledRejection", (reason) => {
    rejections.inc();
    log.error({ event: "unhandled_rejection", ...describeError(reason) }, "unhandled rejection");
  });
  return registry;
}

/** The counter of rejections that nobody awaited, which every process has. */
export function countRejections(registry: Registry): Counter {
  return new Counter({
    name: "ams_unhandled_rejections_total",
    help: "Failures that nobody awaited: each is a fault of the program. Every process counts them.",
    registers: [registry],
  });
}

/** An empty registry. */
export function createRegistry(): Registry {
  return new Registry();
}
