/** What a worker does with each message of the pool, however the message came. */
import { type FromWorker, isToWorker } from "./messages.ts";
import { Worker } from "./worker.ts";

export type ServedPool = {
  readonly receive: (message: unknown) => void;
  /** Ends the worker's share, if it has one. */
  readonly leave: () => Promise<void>;
};

export type ServePoolOptions = {
  readonly report: (message: FromWorker) => void;
  readonly fail: (error: unknown) => void;
  /** The pool has asked the worker to leave. */
  readonly asked: () => void;
};

export function servePool({ report, fail, asked }: ServePoolOptions): ServedPool {
  let worker: Worker | null = null;
  return {
    receive: (message) => {
      if (!isToWorker(message)) return;
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
          asked();
          return;
        default:
          message satisfies never;
      }
    },
    leave: async () => {
      await worker?.leave();
    },
  };
}
