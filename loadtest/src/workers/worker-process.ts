/**
 * The process of one worker: does what the worker pool asks, and ends when the pool's process
 * ends.
 */

import type { FromWorker } from "./messages.ts";
import { servePool } from "./serve-pool.ts";

/** Resolves when the pool has asked it to leave. */
export function runWorker(): Promise<void> {
  ignoreSignals();
  process.on("disconnect", () => process.exit());
  return new Promise((resolve) => {
    const pool = servePool({
      report,
      fail,
      asked: () => void pool.leave().then(resolve, fail),
    });
    process.on("message", pool.receive);
  });
}

function report(message: FromWorker): void {
  process.send?.(message);
}

/** Ctrl-C reaches the whole group: the command handles it and stops its workers. */
function ignoreSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => {});
  }
}

/** What nobody expected: the command sees the process end, and its stack on stderr. */
function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
