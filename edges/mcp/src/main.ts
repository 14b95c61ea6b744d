/**
 * The MCP edge as a process of its own: configuration, ports, and a stop that lets requests end.
 */
import { health } from "@ams/client";
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
import { readMcpProcess } from "./config.ts";
import { createMcp } from "./mcp.ts";
import { watchDeployment } from "./readiness.ts";

async function main(): Promise<void> {
  const read = readMcpProcess(process.env);
  if (!read.ok) return exitMisconfigured("mcp", read.faults);
  const { config, reached, deploymentUrl, instance, process: own } = read.value;
  const log = openLog({ service: "mcp", instance, level: own.AMS_LOG_LEVEL });
  const registry = openMetrics(log);
  const mcp = createMcp({ config, reached, url: () => deploymentUrl, log, registry });
  const host = own.HOST ?? "127.0.0.1";
  const names = { publicUrl: reached.publicUrl, allowedHosts: own.AMS_ALLOWED_HOSTS };
  const readiness = watchDeployment(() => health(deploymentUrl));
  const operators = { now: Date.now, instance, notReady: readiness.notReady };
  try {
    const server = await openHttpServer({ host, port: own.PORT, names }, mcp, notFound);
    const adminHost = own.AMS_ADMIN_HOST ?? "127.0.0.1";
    const adminAt = { host: adminHost, port: own.AMS_ADMIN_PORT ?? 0, names };
    const admin = await openAdminPort(adminAt, operators, registry);
    log.info({ event: "started", port: server.port, admin_port: admin.port }, "mcp is up");
    stopOnSignal(log, own.AMS_STOP_MS, async () => {
      readiness.stop();
      const closed = server.close();
      await mcp.stop(); // Push streams end, and with them their requests.
      await closed;
      await admin.close();
    });
  } catch (error) {
    log.fatal({ event: "start_failed", ...describeError(error) }, "mcp can't listen");
    process.exit(EXIT_UNAVAILABLE);
  }
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}

await main();
