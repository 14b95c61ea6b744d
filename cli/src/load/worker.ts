/**
 * A worker process of `ams load`: does what the command tells it, and ends when the command does.
 */
import { Crew } from "./crew.ts";
import { type FromWorker, isToWorker, type ToWorker } from "./messages.ts";

/** Resolves when the command has told it to leave. */
export function runWorker(): Promise<void> {
  hearNoSignals();
  process.on("disconnect", () => process.exit());
  let crew: Crew | null = null;
  return new Promise((resolve) => {
    const hear = (message: ToWorker): void => {
      switch (message.type) {
        case "join":
          crew = new Crew(message.share, tell);
          crew.join().catch(fail);
          return;
        case "begin":
          crew?.begin(message.atUs);
          return;
        case "stop":
          crew?.stop();
          return;
        case "settle":
          crew?.settle(message.sent).catch(fail);
          return;
        case "leave":
          (crew?.leave() ?? Promise.resolve()).then(resolve, fail);
          return;
      }
    };
    process.on("message", (message: unknown) => {
      if (isToWorker(message)) hear(message);
    });
  });
}

function tell(message: FromWorker): void {
  process.send?.(message);
}

/** Ctrl-C reaches the whole group: the command hears it, and tells its workers in good order. */
function hearNoSignals(): void {
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
