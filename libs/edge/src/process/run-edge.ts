/** An edge as a process: configuration, ports, readiness, and a stop that lets requests end. */
import { health } from "@ams/client";
import {
  describeError,
  EXIT_UNAVAILABLE,
  exitMisconfigured,
  type Log,
  openAdminPort,
  openHttpServer,
  openLog,
  openMetrics,
  stopOnSignal,
} from "@ams/process";
import type { Registry } from "prom-client";
import type { Edge, EdgeApp } from "./edge.ts";
import { type EdgeProcess, readEdgeProcess } from "./edge-config.ts";
import { type Readiness, watchDeployment } from "./readiness.ts";

type Running = {
  readonly name: string;
  readonly app: EdgeApp;
  readonly deployment: Readiness;
  readonly log: Log;
  readonly registry: Registry;
};

/** Runs until a signal; exits 78 with a wrong configuration, 69 when it can't listen. */
export async function runEdge(edge: Edge): Promise<void> {
  const read = readEdgeProcess(edge, process.env);
  if (!read.ok) return exitMisconfigured(edge.name, read.faults);
  const { open, reached, meters, deploymentUrl, instance, process: own } = read.value;
  const log = openLog({ service: edge.name, instance, level: own.AMS_LOG_LEVEL });
  const registry = openMetrics(log);
  const app = open({ reached, meters, url: () => deploymentUrl, log, registry });
  const reason = app.notReady?.() ?? null;
  if (reason !== null) log.warn({ event: "not_ready", reason }, `${edge.name} is not ready`);
  const deployment = watchDeployment(() => health(deploymentUrl));
  try {
    await app.start?.({ kind: "process" });
    await listen(read.value, { name: edge.name, app, deployment, log, registry });
  } catch (error) {
    log.fatal({ event: "start_failed", ...describeError(error) }, `${edge.name} can't start`);
    process.exit(EXIT_UNAVAILABLE);
  }
}

async function listen({ reached, instance, process: own }: EdgeProcess, running: Running) {
  const { name, app, deployment, log, registry } = running;
  const names = { publicUrl: reached.publicUrl, allowedHosts: own.AMS_ALLOWED_HOSTS };
  const at = { host: own.HOST ?? "127.0.0.1", port: own.PORT, names };
  const server = await openHttpServer(at, app, notFound, app.upgrade);
  const adminHost = own.AMS_ADMIN_HOST ?? "127.0.0.1";
  const adminAt = { host: adminHost, port: own.AMS_ADMIN_PORT ?? 0, names };
  const notReady = () => app.notReady?.() ?? deployment.notReady();
  const admin = await openAdminPort(adminAt, { now: Date.now, instance, notReady }, registry);
  log.info({ event: "started", port: server.port, admin_port: admin.port }, `${name} is up`);
  stopOnSignal(log, own.AMS_STOP_MS, async () => {
    deployment.stop();
    const closed = server.close();
    await app.stop?.(); // Streams end, and with them their requests.
    await closed;
    await admin.close();
  });
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}
