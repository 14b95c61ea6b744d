/** The AMP provider, as a process or a standalone runs it. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineEdge, type EdgeApp, type EdgeParts, type EdgeStart } from "@ams/edge";
import { type HttpApp, type HttpServer, openHttpServer } from "@ams/process";
import { createApp, OWN_PORT, PROCESS } from "./app.ts";
import { AMP_SETTINGS, type AmpConfig, ampProcessFaults, readAmp } from "./config.ts";
import { refuse } from "./http/answer.ts";
import { createAmpMetrics } from "./metrics.ts";
import { createSocketServer, type SocketServer } from "./sockets/server.ts";
import { type Provider, startProvider } from "./start.ts";

/** How far AMP's port is from the deployment's, where none is given. */
const PORT_OFFSET = 4;
/** Ports that are tried when that one is taken. */
const PORTS_TRIED = 20;

export const edge = defineEdge({
  name: "amp",
  settings: AMP_SETTINGS,
  ports: { http: 8084, admin: 9094 },
  read: readAmp,
  processFaults: ampProcessFaults,
  open: (config, parts) => createEdge(config, parts),
});

type Running = {
  readonly provider: Provider;
  readonly sockets: SocketServer;
  /** What answers on the port that the process, or the standalone, opened. */
  readonly app: HttpApp;
  /** AMP's own port in a standalone. */
  readonly own: HttpServer | null;
};

function createEdge(config: AmpConfig, parts: EdgeParts): EdgeApp {
  let running: Running | null = null;
  const metrics = createAmpMetrics(parts.registry, {
    sockets: () => running?.provider.feeds.size ?? 0,
    inboxSockets: () => running?.provider.wire.size() ?? 0,
  });
  const { reached, url, log } = parts;
  return {
    fetch: async (request, peer) => (await running?.app.fetch(request, peer)) ?? notStarted(),
    notReady: () => (running === null ? "store" : running.provider.isStoreAway() ? "store" : null),
    upgrade: (request, socket, head) => running?.sockets.upgrade(request, socket, head),
    start: async (at) => {
      if (at.kind === "standalone" && config.AMS_AMP_PORT === "off") return [];
      const secrets = at.kind === "process" ? config.AMS_AMP_SECRET : secretsOf(config, at.folder);
      const provider = await startProvider({ config, secrets, reached, url, log, metrics });
      const sockets = createSocketServer(provider);
      if (at.kind === "process") {
        running = { provider, sockets, app: createApp(provider, PROCESS), own: null };
        return [];
      }
      const own = await openOwnPort(config, at, provider, sockets);
      const base = `http://${hostOf(at.host)}:${own.port}`;
      const socketUrl = () => `${base.replace("http", "ws")}/v1/ws`;
      running = { provider, sockets, app: createApp(provider, { prefix: "/amp", socketUrl }), own };
      return [
        `Mail for agents (AMP) is at ${base}/v1 (docs/MAIL.md). To get an address, in this folder:`,
        `  npx ams mail init --name alice --tenant demo --url ${base}`,
        "",
      ];
    },
    stop: async () => {
      const closed = running?.own?.close();
      await running?.sockets.stop();
      await closed;
      await running?.provider.stop();
      running = null;
    },
  };
}

function notStarted(): Response {
  const { body, status } = refuse("unavailable", "AMP isn't running here.");
  return new Response(body, { status, headers: { "content-type": "application/json" } });
}

type Standalone = Extract<EdgeStart, { kind: "standalone" }>;

/** The port that was given, or else the first free one from PORT + 4. */
async function openOwnPort(
  config: AmpConfig,
  at: Standalone,
  provider: Provider,
  sockets: SocketServer,
): Promise<HttpServer> {
  const given = typeof config.AMS_AMP_PORT === "number" ? config.AMS_AMP_PORT : null;
  const first = given ?? (at.isPortChosen ? 0 : at.port + PORT_OFFSET);
  const ports = given === null && first !== 0 ? PORTS_TRIED : 1;
  const names = { ...at.names, publicUrl: config.AMS_AMP_PUBLIC_URL ?? at.names.publicUrl };
  const app = createApp(provider, OWN_PORT);
  for (let port = first; port < first + ports && port <= 65_535; port += 1) {
    const place = { host: at.host, port, names };
    try {
      return await openHttpServer(place, app, notFound, sockets.upgrade);
    } catch {
      // Somebody has it: the next one is tried.
    }
  }
  await provider.stop();
  const advice = "set AMS_AMP_PORT to another port, or to off";
  throw new Error(`port ${first} of ${at.host}, which AMS_AMP_PORT means, can't be had: ${advice}`);
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}

function hostOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** Those of the environment, else one that the folder keeps. */
function secretsOf(config: AmpConfig, folder: string): readonly string[] {
  if (config.AMS_AMP_SECRET.length > 0) return config.AMS_AMP_SECRET;
  const path = join(folder, "amp-secret");
  if (existsSync(path)) return [readFileSync(path, "utf8").trim()];
  const secret = randomBytes(32).toString("hex");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  return [secret];
}
