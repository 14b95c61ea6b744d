/**
 * The peers: others that carry tokens from one to many, each started as its documentation says,
 * where it can be had.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { buildCentrifugo, builtCentrifugo, configOf, majorOf } from "./centrifugo.ts";
import { upgradeRequest } from "./handshake.ts";
import type { Target } from "./parties.ts";
import type { Stage } from "./stage.ts";

/** One that runs. */
export type Peer = {
  readonly target: Target;
  readonly pid: number;
  readonly stop: () => Promise<unknown>;
};

export type PeerKind = {
  readonly name: string;
  /**
   * Version and settings, or null where it isn't installed. Throws a sentence where it can't be had
   * for another reason.
   */
  readonly describe: (stage: Stage) => Promise<string | null> | string | null;
  readonly start: (stage: Stage) => Promise<Peer>;
};

/** Where `go install` puts what it built, besides the PATH. */
const GO_BINARIES = join(homedir(), "go", "bin");

const REQUEST_TIMEOUT_MS = 1_000;

export const PEERS: readonly PeerKind[] = [
  {
    name: "ws + ioredis",
    describe: () => `ws ${versionOf("ws")}, ioredis ${versionOf("ioredis")}; no compression`,
    start: async (stage) => {
      const server = await stage.server("ws-ioredis", [(await stage.cluster()).redisUrl]);
      return { ...server, target: wsIoredisTarget(server.port) };
    },
  },
  {
    name: "socket.io",
    describe: () =>
      `socket.io ${versionOf("socket.io")}, @socket.io/redis-adapter ${versionOf("@socket.io/redis-adapter")}; WebSocket only, no compression`,
    start: async (stage) => {
      const server = await stage.server("socket-io", [(await stage.cluster()).redisUrl]);
      return { ...server, target: socketIoTarget(server.port) };
    },
  },
  {
    name: "NATS",
    describe: () =>
      versionLine(find("nats-server"), ["--version"], "over WebSocket, no compression, defaults"),
    start: (stage) => startNats(stage),
  },
  {
    name: "Centrifugo",
    describe: async ({ say }) => {
      if (findCentrifugo() === null) {
        say(
          "Centrifugo isn't here: Go builds it from its module, which takes a minute or two, once …",
        );
        await buildCentrifugo();
      }
      return describeCentrifugo("Redis engine, JSON protocol, no tokens asked for, no history");
    },
    start: (stage) => startCentrifugo(stage),
  },
];

function wsIoredisTarget(port: number): Target {
  return {
    name: "peer",
    member: ({ conversation }) => ({
      port,
      request: upgradeRequest(`/${conversation}`),
      ready: "entered",
      prefix: '{"type":"token","data":"',
      suffix: '"}',
    }),
  };
}

/** Engine.IO 4 in text: `40` enters, `42[…]` is an event, `2` asks whether we live. */
function socketIoTarget(port: number): Target {
  return {
    name: "peer",
    heartbeat: { asks: "2", answer: "3" },
    member: ({ conversation }) => ({
      port,
      request: upgradeRequest(`/socket.io/?EIO=4&transport=websocket&conversation=${conversation}`),
      hello: "40",
      ready: '["entered"]',
      prefix: '42["token","',
      suffix: '"]',
    }),
  };
}

async function startNats(stage: Stage): Promise<Peer> {
  const [port, wsPort] = [await stage.ground.freePort(), await stage.ground.freePort()];
  const config = `listen: "127.0.0.1:${port}"
websocket { listen: "127.0.0.1:${wsPort}", no_tls: true, compression: false }
`;
  return startInFolder(
    stage,
    find("nats-server") ?? "nats-server",
    "nats.conf",
    config,
    ["-c"],
    wsPort,
    {
      name: "peer",
      binary: true,
      heartbeat: { asks: "PING", answer: "PONG\r\n" },
      member: ({ conversation, hears, payload }) => ({
        port: wsPort,
        request: upgradeRequest("/"),
        hello: `CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\n${hears ? `SUB c${conversation} 1\r\n` : ""}PING\r\n`,
        ready: "PONG",
        prefix: `PUB c${conversation} ${payload}\r\n`,
        suffix: "\r\n",
      }),
    },
  );
}

function findCentrifugo(): string | null {
  return find("centrifugo") ?? builtCentrifugo();
}

function describeCentrifugo(settings: string): string | null {
  return versionLine(findCentrifugo(), ["version"], settings);
}

async function startCentrifugo(stage: Stage): Promise<Peer> {
  const port = await stage.ground.freePort();
  const { redisUrl } = await stage.cluster();
  const major = majorOf(describeCentrifugo("") ?? "");
  const config = JSON.stringify(configOf(major, port, redisUrl));
  return startInFolder(
    stage,
    findCentrifugo() ?? "centrifugo",
    "config.json",
    config,
    ["-c"],
    port,
    {
      name: "peer",
      deafEmitters: true, // It sends a publisher its own tokens when it is subscribed.
      heartbeat: { asks: "{}", answer: "{}" },
      member: ({ conversation, emits }) => ({
        port,
        request: upgradeRequest("/connection/websocket"),
        hello: `{"id":1,"connect":{}}${emits ? "" : `\n{"id":2,"subscribe":{"channel":"c${conversation}"}}`}`,
        ready: emits ? '"id":1' : '"id":2',
        prefix: `{"id":3,"publish":{"channel":"c${conversation}","data":"`,
        suffix: '"}}',
      }),
    },
  );
}

/** Starts a program with its configuration in a folder of its own. */
async function startInFolder(
  stage: Stage,
  file: string,
  fileName: string,
  config: string,
  args: readonly string[],
  port: number,
  target: Target,
): Promise<Peer> {
  const { folder, remove } = openFolder();
  const configFile = join(folder, fileName);
  writeFileSync(configFile, config);
  const command = {
    name: basename(file),
    file,
    args: [...args, configFile],
    env: process.env,
    logFile: join(folder, "log"),
  };
  const server = await stage.ground
    .startProcess(command, () => answers(port))
    .catch((error) => {
      remove();
      throw error;
    });
  const stop = () => server.stop().finally(remove);
  return { target, pid: server.pid, stop };
}

/**
 * A folder of its own, which goes at the latest with this process: Ctrl-C leaves nothing behind.
 */
export function openFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "ams-bench-"));
  const remove = () => {
    process.off("exit", remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", remove);
  return { folder, remove };
}

/** True when something that speaks HTTP is there, whatever it says. */
async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    return true;
  } catch {
    return false;
  }
}

function versionLine(
  file: string | null,
  args: readonly string[],
  settings: string,
): string | null {
  if (file === null) return null;
  const version = execFileSync(file, args, { encoding: "utf8" }).trim().split("\n")[0];
  return `${version}; ${settings}`;
}

function find(program: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", GO_BINARIES];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

/**
 * As installed. A package may hide its package.json from `require`: it is looked for on the way up
 * from its entry.
 */
function versionOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  const folder = entry.slice(0, entry.lastIndexOf(`/node_modules/${name}/`));
  const text = readFileSync(join(folder, "node_modules", name, "package.json"), "utf8");
  return String(JSON.parse(text).version);
}
