/**
 * Real processes of the AMP edge over one Redis, and a standalone AMS whose wire carries their
 * notifications. Each provider has an entry port before its processes, as a load balancer would be.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../cluster/free-port.ts";
import { type RedisServer, startRedisServer } from "../cluster/redis-server.ts";
import { type ServerProcess, startProcess } from "../cluster/server-process.ts";
import { watchFolder } from "../cluster/watchdog.ts";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";

export type AmpProcess = {
  readonly endpoint: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly isRunning: () => boolean;
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** Starts it again on its port. */
  readonly restart: () => Promise<void>;
  readonly pid: () => number;
};

export type ProviderOptions = {
  readonly domain: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly processes: number;
  /** Database of the Redis. */
  readonly db: number;
};

export type TestProvider = {
  /** Of the entry. */
  readonly url: string;
  readonly endpoint: string;
  readonly processes: readonly AmpProcess[];
};

export type AmpWorld = {
  readonly ams: Standalone;
  readonly redis: RedisServer;
  readonly folder: string;
  readonly start: (options: ProviderOptions, entryPort: number) => Promise<TestProvider>;
  readonly stop: () => Promise<void>;
};

/** Rates are off: what is tested is what is never lost. */
const ENV = {
  HOST: "127.0.0.1",
  AMS_AMP_REGISTRATION: "open",
  AMS_AMP_REGISTRATIONS_PER_MINUTE: "0",
  AMS_AMP_ROUTES_PER_MINUTE: "0",
  AMS_AMP_ROUTES_PER_HOUR: "0",
  AMS_AMP_RECEIVED_PER_MINUTE: "0",
  AMS_AMP_PENDING_PER_MINUTE: "0",
  AMS_AMP_REQUESTS_PER_MINUTE: "0",
  AMS_AMP_QUEUE_MAX: "100000",
};

export async function startAmpWorld(): Promise<AmpWorld> {
  const folder = await mkdtemp(join(tmpdir(), "ams-amp-"));
  watchFolder(folder);
  const redis = await startRedisServer(folder);
  const ams = await startStandalone({ AMS_AMP_PORT: "off" });
  const stops: (() => Promise<unknown>)[] = [];
  return {
    ams,
    redis,
    folder,
    start: async ({ domain, env = {}, processes, db }, entryPort) => {
      const shared = {
        ...ENV,
        AMS_URL: ams.url,
        AMS_AMP_REDIS_URL: `${redis.url}/${db}`,
        AMS_AMP_SECRET: randomBytes(32).toString("hex"),
        AMS_AMP_DOMAIN: domain,
        ...env,
      };
      const starting = Array.from({ length: processes }, (_, index) =>
        startAmp(`${domain}-${index}`, shared, folder),
      );
      const all = await Promise.all(starting);
      for (const one of all) stops.push(() => one.kill("SIGTERM"));
      const entry = await openEntry(() => all, entryPort);
      stops.push(entry.close);
      const url = `http://127.0.0.1:${entryPort}`;
      return { url, endpoint: `${url}/v1`, processes: all };
    },
    stop: async () => {
      await Promise.all(stops.map((end) => end()));
      await ams.stop();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startAmp(
  name: string,
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<AmpProcess> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const command = {
    name,
    file: process.execPath,
    args: [join(repositoryRoot(), "edges", "amp", "dist", "main.js")],
    env: { ...process.env, ...env, PORT: String(port), AMS_ADMIN_PORT: String(adminPort) },
    logFile: join(folder, `${name}.log`),
  };
  const isReady = async () => {
    try {
      return (await fetch(`${adminUrl}/readyz`)).ok;
    } catch {
      return false;
    }
  };
  let server: ServerProcess = await startProcess(command, isReady);
  return {
    endpoint: `http://127.0.0.1:${port}/v1`,
    port,
    adminUrl,
    isRunning: () => server.isRunning(),
    kill: async (signal = "SIGKILL") => void (await server.kill(signal)),
    restart: async () => {
      server = await startProcess(command, isReady);
    },
    pid: () => server.pid,
  };
}

/** Passes each connection to one of the processes that run, in turn. */
async function openEntry(all: () => readonly AmpProcess[], port: number) {
  const sockets = new Set<Socket>();
  let turn = 0;
  const server: Server = createServer((client) => {
    const running = all().filter((one) => one.isRunning());
    turn += 1;
    const to = running[turn % Math.max(1, running.length)];
    if (to === undefined) return void client.destroy();
    const behind = connect(to.port, "127.0.0.1");
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
