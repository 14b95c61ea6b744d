/**
 * One server in a process of its own: started, known to be ready, asked to stop, killed, its output
 * kept in a file.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { watch } from "./watchdog.ts";

/** Milliseconds until a server has to be ready: a busy machine takes seconds to load one. */
const READY_MS_MAX = 20_000;
/** Milliseconds between two looks whether it is. */
const LOOK_AGAIN_MS = 20;
/** Characters of its output that an error shows. */
const SHOWN_MAX = 2_000;

export type Command = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly argv0?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Its stdout and stderr go to the end of this file. */
  readonly logFile: string;
};

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type ServerProcess = {
  readonly name: string;
  readonly pid: number;
  readonly isRunning: () => boolean;
  /** Sends the signal and resolves with how the process ended: SIGKILL by default. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<Exit>;
  /** Sends SIGTERM and resolves with how the process ended. */
  readonly stop: () => Promise<Exit>;
  readonly exited: Promise<Exit>;
};

/**
 * Starts the process and resolves when `isReady` says so; throws with the end of its output when it
 * ends before.
 */
export async function startProcess(
  command: Command,
  isReady: () => Promise<boolean>,
): Promise<ServerProcess> {
  const server = spawnServer(command);
  const deadline = Date.now() + READY_MS_MAX;
  while (!(await isReady())) {
    if (!server.isRunning() || Date.now() > deadline) {
      const { code } = await server.kill();
      const output = readFileSync(command.logFile, "utf8").slice(-SHOWN_MAX);
      const ended = code === null ? "" : `\n(exit ${code})`;
      throw new Error(`${command.name} did not get ready:\n${output}${ended}`);
    }
    await pause(LOOK_AGAIN_MS);
  }
  return server;
}

function spawnServer(command: Command): ServerProcess {
  const log = openSync(command.logFile, "a", 0o600);
  // A process group of its own: a Ctrl-C in the terminal reaches the one who started it, who then
  // stops it in order.
  const child = spawn(command.file, command.args, {
    stdio: ["ignore", log, log],
    env: command.env,
    detached: true,
    ...(command.argv0 === undefined ? {} : { argv0: command.argv0 }),
  });
  closeSync(log);
  watch(child);
  const exited = untilExit(child);
  const kill = (signal: NodeJS.Signals = "SIGKILL") => {
    child.kill(signal);
    return exited;
  };
  return {
    name: command.name,
    pid: child.pid ?? 0,
    isRunning: () =>
      child.pid !== undefined && child.exitCode === null && child.signalCode === null,
    kill,
    stop: () => kill("SIGTERM"),
    exited,
  };
}

function untilExit(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => resolve({ code: null, signal: null }));
  });
}
