/**
 * Another program of ours instead of this one: the same terminal, the same signals, and its exit
 * status becomes ours.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { CliError } from "../faults/fault.ts";
import { takeSignals } from "../terminal/interrupt.ts";

/** What shells add to a signal's number to make it a status. */
const SIGNALLED = 128;

/**
 * Runs a Node program until it ends, and sets the exit status. `env` is laid over this process's
 * environment.
 */
export async function becomeChild(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<void> {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  // A terminal sends Ctrl-C to the whole group, so that the child has it already: twice would mean
  // "at once".
  takeSignals((signal) => {
    if (signal !== "SIGINT" || process.stdin.isTTY !== true) child.kill(signal);
  });
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", (error) =>
      reject(new CliError("internal", `${file} could not be started.`, {}, error)),
    );
    child.once("exit", (code, signal) =>
      resolve(signal === null ? (code ?? 1) : SIGNALLED + constants.signals[signal]),
    );
  });
}
