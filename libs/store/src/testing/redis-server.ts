/**
 * Private redis-server processes for tests, of this package and of others: on loopback, gone when
 * stopped. Not for production.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Redis } from "ioredis";

/**
 * Debian's `redis-tools`: the same binary as the server, which goes by the name that it was started
 * with.
 */
const SAME_BINARY = "/usr/bin/redis-check-rdb";

/** Milliseconds within which a new server answers, on a busy machine. */
const START_TIMEOUT_MS = 10_000;

/** Ports that are tried: another process may take one between its choice and its use. */
const PORT_ATTEMPTS = 5;

export type RedisServerOptions = {
  /**
   * A folder for an append-only file, so that a server that is started there again has its data.
   * Without it nothing is kept.
   */
  readonly appendOnlyDir?: string;
  /** The port of a server that is started again; a free one unless given. */
  readonly port?: number;
  /** The highest port that will do, where a free one is chosen. */
  readonly portMax?: number;
  /** Further command line arguments. */
  readonly args?: readonly string[];
};

export type RedisServer = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it politely (SIGTERM), and resolves once it is gone. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL), and resolves once it is gone. */
  kill(): Promise<void>;
};

/**
 * The redis-server binary of this machine: `AMS_TEST_REDIS`, else on PATH, else Debian's
 * `redis-tools`; null when there is none.
 */
export function findRedisBinary(): string | null {
  const named = process.env.AMS_TEST_REDIS;
  if (named !== undefined && named !== "") return named;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const onPath = folders.map((folder) => join(folder, "redis-server"));
  return [...onPath, SAME_BINARY].find((path) => existsSync(path)) ?? null;
}

/** Starts a server on 127.0.0.1 and resolves once it answers. The caller stops it. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = findRedisBinary();
  if (binary === null) throw new Error("There is no redis-server on this machine.");
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort(options.portMax ?? 65_535));
    const child = spawn(binary, serverArgs(port, options), {
      argv0: "redis-server",
      stdio: "ignore",
    });
    // Whoever forgets to stop it, or dies, takes it along.
    const reap = () => child.kill("SIGKILL");
    process.once("exit", reap);
    const exited = once(child, "exit");
    const answers = await Promise.race([answersAt(port), exited.then(() => false)]);
    if (answers) return serverOf(child, port, reap);
    process.off("exit", reap);
    reap();
    if (options.port !== undefined || attempt === PORT_ATTEMPTS) {
      throw new Error(`redis-server did not answer on port ${port}.`);
    }
  }
}

function serverArgs(port: number, { appendOnlyDir, args = [] }: RedisServerOptions) {
  const keeping =
    appendOnlyDir === undefined
      ? // Never a file that another server left where this process runs.
        ["--appendonly", "no", "--dir", tmpdir(), "--dbfilename", `ams-${process.pid}-${port}.rdb`]
      : ["--appendonly", "yes", "--appendfsync", "everysec", "--dir", appendOnlyDir];
  const fixed = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"];
  return [...fixed, ...keeping, ...args];
}

function serverOf(child: ChildProcess, port: number, reap: () => void): RedisServer {
  const { pid } = child;
  if (pid === undefined) throw new Error("redis-server has no process id.");
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    process.off("exit", reap);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

function answersAt(port: number): Promise<boolean> {
  const client = new Redis({ port, host: "127.0.0.1", retryStrategy: () => 20 });
  client.on("error", () => {});
  return new Promise((resolve) => {
    const settle = (answers: boolean) => {
      clearTimeout(timer);
      client.disconnect();
      resolve(answers);
    };
    const timer = setTimeout(() => settle(false), START_TIMEOUT_MS);
    client.once("ready", () => settle(true));
  });
}

export async function freePort(max = 65_535): Promise<number> {
  for (;;) {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    await once(server, "close");
    if (address === null || typeof address === "string") throw new Error("No free port.");
    if (address.port <= max) return address.port;
  }
}
