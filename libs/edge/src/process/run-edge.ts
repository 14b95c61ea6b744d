/** An edge as a process: configuration, ports, readiness, and a stop that lets requests end. */
import { setTimeout as pause } from "node:timers/promises";
import { health } from "@ams/client";
import {
  describeError,
  EXIT_UNAVAILABLE,
  exitMisconfigured,
  type HttpServer,
  type Log,
  openAdminPort,
  openHttpServer,
  openLog,
  openMetrics,
  stopOnSignal,
} from "@ams/process";
import { LaterFormat, StoreUnavailable } from "@ams/store";
import type { Registry } from "prom-client";
import type { Edge, EdgeApp } from "./edge.ts";
import { type EdgeProcess, readEdgeProcess } from "./edge-config.ts";
import { watchDeployment } from "./readiness.ts";

/** Milliseconds between two tries to start while its own store is away. */
const RETRY_MS = 1_000;

type Running = {
  readonly name: string;
  readonly app: EdgeApp;
  readonly log: Log;
  readonly registry: Registry;
};

/**
 * Runs until a signal; exits 78 with a wrong configuration, 69 when it can't listen. While its own
 * store is away it is alive and not ready, and starts when that answers.
 */
export async function runEdge(edge: Edge): Promise<void> {
  const read = readEdgeProcess(edge, process.env);
  if (!read.ok) return exitMisconfigured(edge.name, read.faults);
  const { open, reached, meters, deploymentUrl, instance, process: own } = read.value;
  const log = openLog({ service: edge.name, instance, level: own.AMS_LOG_LEVEL });
  const registry = openMetrics(log);
  const app = open({ reached, meters, url: () => deploymentUrl, log, registry });
  const reason = app.notReady?.() ?? null;
  if (reason !== null) log.warn({ event: "not_ready", reason }, `${edge.name} is not ready`);
  try {
    await listen(read.value, { name: edge.name, app, log, registry });
  } catch (error) {
    if (error instanceof LaterFormat) return exitMisconfigured(edge.name, [error.message]);
    log.fatal({ event: "start_failed", ...describeError(error) }, `${edge.name} can't start`);
    process.exit(EXIT_UNAVAILABLE);
  }
}

async function listen(given: EdgeProcess, running: Running) {
  const { reached, instance, deploymentUrl, process: own } = given;
  const { name, app, log, registry } = running;
  const names = { publicUrl: reached.publicUrl, allowedHosts: own.AMS_ALLOWED_HOSTS };
  const deployment = watchDeployment(() => health(deploymentUrl));
  let server: HttpServer | null = null;
  const notReady = () => (server === null ? "store" : (app.notReady?.() ?? deployment.notReady()));
  const adminHost = own.AMS_ADMIN_HOST ?? "127.0.0.1";
  const adminAt = { host: adminHost, port: own.AMS_ADMIN_PORT ?? 0, names };
  // Before the store is there: whoever asks sees a process that waits, and needs no restart.
  const admin = await openAdminPort(adminAt, { now: Date.now, instance, notReady }, registry);
  stopOnSignal(log, own.AMS_STOP_MS, async () => {
    deployment.stop();
    const closed = server?.close();
    // Streams end, and with them their requests.
    if (server !== null) await app.stop?.();
    await closed;
    await admin.close();
  });
  await startWithStore(app, name, log);
  const at = { host: own.HOST ?? "127.0.0.1", port: own.PORT, names };
  server = await openHttpServer(at, app, notFound, app.upgrade);
  log.info({ event: "started", port: server.port, admin_port: admin.port }, `${name} is up`);
}

/** Says once that it waits for its store, and tries again until that answers. */
async function startWithStore(app: EdgeApp, name: string, log: Log): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await app.start?.({ kind: "process" });
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      const line = { event: "store_away", ...describeError(error) };
      if (tries === 1) log.warn(line, `${name} waits for its store`);
      await pause(RETRY_MS);
    }
  }
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}
