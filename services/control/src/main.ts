/** The control process: configuration, store, ports, and a stop that lets requests end. */
import { connectRedis, isSharded, openRedisDirectory, whenReady } from "@ams/directory";
import {
  describeError,
  EXIT_UNAVAILABLE,
  exitMisconfigured,
  openAdminPort,
  openHttpServer,
  openLog,
  openMetrics,
  stopOnSignal,
} from "@ams/runtime";
import { createControl } from "./app.ts";
import { readControlProcess } from "./config.ts";
import { problem } from "./problem.ts";
import { watchDirectory } from "./readiness.ts";

/** Milliseconds that a start waits for Redis. Without it the process serves too, and says that it isn't ready. */
const CONNECT_MS = 2_000;

async function main(): Promise<void> {
  const read = readControlProcess(process.env);
  if (!read.ok) return exitMisconfigured("control", read.faults);
  const { config, peppers, redisUrl, process: own } = read.value;
  const connection = connectRedis(redisUrl, "command");
  if (!connection.ok) return exitMisconfigured("control", [`AMS_REDIS_URL ${connection.fault}`]);
  const { client } = connection.value;

  const log = openLog({
    service: "control",
    instance: config.instance,
    level: own.AMS_LOG_LEVEL,
  });
  const registry = openMetrics(log);

  await whenReady(connection.value, CONNECT_MS).catch((error: unknown) => {
    log.warn({ event: "directory_away", ...describeError(error) }, "starting without Redis");
  });
  const directory = openRedisDirectory({
    commands: client,
    sharded: isSharded(connection.value),
  });
  const readiness = watchDirectory(directory, registry);
  const now = Date.now;
  const control = createControl({ config, peppers, directory, redis: client, log, registry, now });
  const host = own.HOST ?? "127.0.0.1";
  const health = { now, instance: config.instance, notReady: readiness.notReady };
  try {
    const server = await openHttpServer({ host, port: own.PORT }, control, () =>
      problem("not_found"),
    );
    const adminAt = { host: own.AMS_ADMIN_HOST ?? "127.0.0.1", port: own.AMS_ADMIN_PORT ?? 0 };
    const admin = await openAdminPort(adminAt, health, registry);
    log.info({ event: "started", port: server.port, admin_port: admin.port }, "control is up");
    stopOnSignal(log, own.AMS_STOP_MS, async () => {
      readiness.stop();
      await server.close();
      await admin.close();
      await directory.close();
      client.disconnect();
    });
  } catch (error) {
    log.fatal({ event: "start_failed", ...describeError(error) }, "control can't listen");
    process.exit(EXIT_UNAVAILABLE);
  }
}

await main();
