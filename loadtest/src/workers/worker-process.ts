/**
 * The process of one worker: does what the worker pool asks, and ends when the pool's process
 * ends.
 */

import { type FromWorker, isToWorker, type ToWorker } from "./messages.ts";
import { Worker } from "./worker.ts";

/** Resolves when the pool has asked it to leave. */
export function runWorker(): Promise<void> {
  ignoreSignals();
  process.on("disconnect", () => process.exit());
  let worker: Worker | null = null;
  return new Promise((resolve) => {
    const receive = (message: ToWorker): void => {
      switch (message.type) {
        case "join":
          worker = new Worker(message.share, report);
          worker.join().catch(fail);
          return;
        case "begin":
          worker?.begin(message.atUs);
          return;
        case "stop":
          worker?.stop();
          return;
        case "settle":
          worker?.settle(message.sent).catch(fail);
          return;
        case "leave":
          (worker?.leave() ?? Promise.resolve()).then(resolve, fail);
          return;
      }
    };
    process.on("message", (message: unknown) => {
      if (isToWorker(message)) receive(message);
    });
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
