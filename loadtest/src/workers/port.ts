/** The way to one worker: a process of this machine, or one that listens on another. */
import { fork } from "node:child_process";
import { type FromWorker, isFromWorker, type ToWorker } from "./messages.ts";

export type PortEvents = {
  readonly message: (message: FromWorker) => void;
  /** It ended without having been asked to leave. `how` goes on "a load worker ended …". */
  readonly ended: (how: string) => void;
};

export interface Port {
  /** Called once, before anything is sent. */
  listen(events: PortEvents): void;
  send(message: ToWorker): void;
  /** Asks it to leave, and resolves when it has ended. */
  leave(): Promise<void>;
}

/** Starts a process. `program` is a script that runs a worker when it is called with `words`. */
export function forkedPort(program: string, words: readonly string[]): Port {
  const child = fork(program, words, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  // The exit of one that has ended is noticed.
  const send = (message: ToWorker) => {
    if (child.connected) child.send(message, () => {});
  };
  let isLeaving = false;
  return {
    listen: ({ message: pass, ended }) => {
      child.on("message", (message: unknown) => {
        if (isFromWorker(message)) pass(message);
      });
      child.on("exit", (code, signal) => {
        const how = signal === null ? `with status ${code}` : `by ${signal}`;
        if (!isLeaving) ended(`${how}: is this machine out of memory?`);
      });
      child.on("error", (error) => ended(`: ${error.message}`));
    },
    send,
    leave: async () => {
      isLeaving = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((resolve) => child.once("exit", resolve));
      send({ type: "leave" });
      await exited;
    },
  };
}
