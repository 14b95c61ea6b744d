/**
 * A whole AMS in one process of its own on loopback: the embedded directory, no Redis. The services
 * must be built.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./cluster/free-port.ts";
import { type ServerProcess, startProcess } from "./cluster/server-process.ts";
import { watchFolder } from "./cluster/watchdog.ts";
import { repositoryRoot } from "./repository-root.ts";

/**
 * Settings that a standalone for tests has instead of a deployment's: no rates. `env` overrides
 * them.
 */
const TEST_ENV = {
  AMS_ACCOUNTS_PER_MINUTE: "0",
  AMS_MINTS_PER_MINUTE: "0",
};

export type Standalone = {
  readonly url: string;
  /** A folder of its own that goes with it; `data` in it is its state. */
  readonly folder: string;
  readonly pid: () => number;
  /** Ends the process, SIGKILL by default, and starts it again on the same port and state. */
  readonly restart: (signal?: NodeJS.Signals) => Promise<void>;
  /** Ends the process, SIGTERM by default, and leaves the rest. */
  readonly halt: (signal?: NodeJS.Signals) => Promise<void>;
  /** Starts it again after `halt`. */
  readonly resume: () => Promise<void>;
  /** SIGTERM, then nothing of it is left. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts it and resolves when it answers; `env` is laid over this process's environment, and `root`
 * is where the repository lies.
 */
export async function startStandalone(
  env: Readonly<Record<string, string>> = {},
  root = repositoryRoot(),
): Promise<Standalone> {
  const folder = await mkdtemp(join(tmpdir(), "ams-standalone-"));
  watchFolder(folder);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { AMS_REDIS_URL: _, ...environment } = process.env;
  const own = { HOST: "127.0.0.1", PORT: String(port), AMS_DATA: join(folder, "data") };
  const command = {
    name: "standalone",
    file: process.execPath,
    args: [join(root, "services", "standalone", "dist", "main.js")],
    env: { ...environment, ...TEST_ENV, ...own, ...env },
    logFile: join(folder, "standalone.log"),
  };
  const start = () => startProcess(command, () => answers(url));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  let server: ServerProcess = await start().catch(async (error) => {
    await removeFolder();
    throw error;
  });
  const halt = async (signal: NodeJS.Signals) => void (await server.kill(signal));
  const resume = async () => {
    server = await start();
  };
  return {
    url,
    folder,
    pid: () => server.pid,
    halt: (signal = "SIGTERM") => halt(signal),
    resume,
    restart: async (signal = "SIGKILL") => {
      await halt(signal);
      await resume();
    },
    stop: async () => {
      await halt("SIGTERM");
      await removeFolder();
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`)).ok;
  } catch {
    return false;
  }
}
