/**
 * A private Redis server on loopback, with an append-only file, that can be killed and brought
 * back.
 */
import { existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import { type Exit, type ServerProcess, startProcess } from "./server-process.ts";

/** Debian's redis-tools brings the server under this name: by argv0 it is redis-server. */
const REDIS_TOOLS_BINARY = "redis-check-rdb";

export type RedisServer = {
  readonly url: string;
  readonly port: number;
  readonly pid: () => number;
  /** SIGKILL; what was acknowledged before is in its append-only file. */
  readonly kill: () => Promise<Exit>;
  /** Brings it back on the same port with the same data. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<Exit>;
};

/**
 * The server's binary: `AMS_TEST_REDIS`, or redis-server or redis-check-rdb on the PATH; null when
 * there is none.
 */
export function findRedisBinary(environment = process.env): string | null {
  const { AMS_TEST_REDIS: named, PATH: path = "" } = environment;
  if (named) return named;
  const names = ["redis-server", REDIS_TOOLS_BINARY];
  const places = names.flatMap((name) => path.split(delimiter).map((folder) => join(folder, name)));
  return places.find((place) => existsSync(place)) ?? null;
}

/** Starts one whose data and log lie under `folder`. */
export async function startRedisServer(folder: string): Promise<RedisServer> {
  const file = findRedisBinary();
  if (file === null) throw new Error("No redis-server was found: install redis or redis-tools.");
  const port = await freePort();
  const data = join(folder, "redis");
  mkdirSync(data, { recursive: true });
  const start = () => startServer(file, port, data, join(folder, "redis.log"));
  let server = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: () => server.pid,
    kill: () => server.kill(),
    restart: async () => {
      server = await start();
    },
    stop: () => server.stop(),
  };
}

function startServer(
  file: string,
  port: number,
  data: string,
  logFile: string,
): Promise<ServerProcess> {
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", ""];
  const persistence = ["--appendonly", "yes", "--appendfsync", "everysec", "--dir", data];
  const command = {
    name: "redis",
    file,
    argv0: "redis-server",
    args: [...args, ...persistence],
    env: process.env,
    logFile,
  };
  return startProcess(command, () => answersPing(port));
}

/** True when it says PONG: while it still loads its file it says LOADING. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("data", (data) => {
      resolve(data.toString().startsWith("+PONG"));
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
  });
}
