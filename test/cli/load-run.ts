/**
 * Runs `ams load` as its user does, in a process of its own with no account and no settings of the
 * person who tests.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../repository-root.ts";

const AMS = join(repositoryRoot(), "cli", "bin", "ams.mjs");

export type Ended = { readonly status: number | null; readonly out: string; readonly err: string };

export type Running = {
  readonly process: ChildProcess;
  /** Resolves when stderr holds the text; rejects when it ends without. */
  readonly says: (text: string) => Promise<void>;
  /** Stderr and stdout so far. */
  readonly said: () => string;
  readonly printed: () => string;
  readonly ended: Promise<Ended>;
};

/** `words` follow `ams load`. With `descriptors` the machine allows the process only so many. */
export function startLoad(
  words: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly descriptors?: number } = {},
): Running {
  const {
    AMS_CREDENTIAL: _c,
    AMS_LINK: _l,
    AMS_URL: _u,
    AMS_PROFILE: _p,
    AMS_LOAD_TOKEN: _t,
    ...environment
  } = process.env;
  const env = { ...environment, XDG_CONFIG_HOME: "/nonexistent", NO_COLOR: "1", ...options.env };
  const command = [process.execPath, AMS, "load", ...words];
  const [file = "", ...args] =
    options.descriptors === undefined
      ? command
      : ["sh", "-c", `ulimit -n ${options.descriptors}; exec "$@"`, "sh", ...command];
  // A group of its own, so that a test can send Ctrl-C to it as a terminal does.
  const child = spawn(file, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  let look = () => {};
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
    look();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (status) => {
      resolve({ status, out, err });
      look();
    });
  });
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      look = () => {
        if (err.includes(text)) resolve();
        else if (child.exitCode !== null) reject(new Error(`It ended without saying it: ${err}`));
      };
      look();
    });
  return { process: child, says, said: () => err, printed: () => out, ended };
}

export function runLoad(...args: Parameters<typeof startLoad>): Promise<Ended> {
  return startLoad(...args).ended;
}

/** Sends a signal to the whole group, as Ctrl-C in a terminal does. */
export function signalGroup({ process: child }: Running, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) process.kill(-child.pid, signal);
}
