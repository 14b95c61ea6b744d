/** The web process: configuration, the built page, ports, and a stop that lets requests end. */
import {
  describeError,
  EXIT_UNAVAILABLE,
  exitMisconfigured,
  openAdminPort,
  openHttpServer,
  openLog,
  openMetrics,
  stopOnSignal,
} from "@ams/process";
import { createWeb } from "./app.ts";
import { openAssets } from "./assets.ts";
import { readWebProcess } from "./config.ts";
import { lookUpAt } from "./link-facts.ts";

async function main(): Promise<void> {
  const read = readWebProcess(process.env);
  if (!read.ok) return exitMisconfigured("web", read.faults);
  const { config, reached, deploymentUrl, instance, process: own } = read.value;
  const log = openLog({ service: "web", instance, level: own.AMS_LOG_LEVEL });
  const registry = openMetrics(log);
  const assets = openAssets();
  if (assets === null) log.warn({ event: "page_not_built" }, "the page is not built");
  const web = createWeb({ config, reached, assets, lookUp: lookUpAt(() => deploymentUrl) });
  const host = own.HOST ?? "127.0.0.1";
  const names = { publicUrl: reached.publicUrl, allowedHosts: own.AMS_ALLOWED_HOSTS };
  const notReady = () => (assets === null ? "page" : null);
  const health = { now: Date.now, instance, notReady };
  try {
    const server = await openHttpServer({ host, port: own.PORT, names }, web, notFound);
    const adminHost = own.AMS_ADMIN_HOST ?? "127.0.0.1";
    const adminAt = { host: adminHost, port: own.AMS_ADMIN_PORT ?? 0, names };
    const admin = await openAdminPort(adminAt, health, registry);
    log.info({ event: "started", port: server.port, admin_port: admin.port }, "web is up");
    stopOnSignal(log, own.AMS_STOP_MS, async () => {
      await server.close();
      await admin.close();
    });
  } catch (error) {
    log.fatal({ event: "start_failed", ...describeError(error) }, "web can't listen");
    process.exit(EXIT_UNAVAILABLE);
  }
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}

await main();
