/**
 * A service process from its first line to its last: configuration or exit 78, a stop by signal, no
 * death by surprise.
 */
import { describeError, type Log } from "./log.ts";
import { EXIT_CONFIG } from "./settings.ts";

/**
 * Exit status when a port or a store can't be had (sysexits' EX_UNAVAILABLE): the supervisor may
 * try again.
 */
export const EXIT_UNAVAILABLE = 69;

/** Says every fault, each on a line, and ends the process with 78. */
export function exitMisconfigured(service: string, faults: readonly string[]): never {
  const lines = [
    `${service} can't start with this configuration:`,
    ...faults.map((fault) => `  ${fault}`),
  ];
  process.stderr.write(`${lines.join("\n")}\n`);
  process.exit(EXIT_CONFIG);
}

/**
 * Runs `stop` once, at the first SIGTERM or SIGINT, and exits 0 behind it; exits 1 when it takes
 * longer than `graceMs` or fails. A second signal exits at once.
 */
export function stopOnSignal(log: Log, graceMs: number, stop: () => Promise<void>): void {
  let stopping = false;
  const begin = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ event: "stopping", signal }, "stopping");
    setTimeout(() => {
      log.error({ event: "stop_timed_out", grace_ms: graceMs }, "did not stop in time");
      process.exit(1);
    }, graceMs).unref();
    stop().then(
      () => {
        log.info({ event: "stopped" }, "stopped");
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ event: "stop_failed", ...describeError(error) }, "stop failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", begin);
  process.on("SIGINT", begin);
}
