/** The control process: configuration, store, ports, and a stop that lets requests end. */

import { keysUnder, openRedisDirectory, watchSuspensions } from "@ams/directory";
import { openRedisLog } from "@ams/log";
import {
  describeError,
  EXIT_UNAVAILABLE,
  exitMisconfigured,
  type HttpApp,
  openAdminPort,
  openHttpServer,
  openLog,
  openMetrics,
  stopOnSignal,
  storeFault,
} from "@ams/process";
import { connectRedis, isSharded, redisPrefix, whenReady } from "@ams/store";
import { readControlProcess } from "./config.ts";
import { startExpiry } from "./conversations/expiry.ts";
import { createControl } from "./http/app.ts";
import { problem } from "./http/problem.ts";
import { type Readiness, watchDirectory } from "./readiness.ts";

/**
 * Milliseconds that a start waits for Redis. Without it the process serves too, and says that it
 * isn't ready.
 */
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
  const prefix = redisPrefix(redisUrl, own.AMS_REDIS_PREFIX);

  await whenReady(connection.value, CONNECT_MS).catch((error: unknown) => {
    log.warn({ event: "directory_away", ...describeError(error) }, "starting without Redis");
  });
  const sharded = isSharded(connection.value);
  const replay = openRedisLog({ client, sharded });
  const directory = openRedisDirectory({
    commands: client,
    sharded,
    removed: (channel) => replay.drop(channel),
    prefix,
  });
  const readiness = watchDirectory({
    directory,
    peppers,
    registry,
    unknownPeppers: (list) => exitMisconfigured("control", [storeFault(list)]),
  });
  // Before anything is served: with peppers that the store doesn't know, this ends the process.
  await readiness.asked;
  const expiry = startExpiry(directory, log);
  const now = Date.now;
  const rates = { client, keys: keysUnder(prefix) };
  const suspensions = watchSuspensions(directory);
  const control = createControl({
    config,
    peppers,
    directory,
    suspensions,
    rates,
    log,
    registry,
    now,
  });
  const host = own.HOST ?? "127.0.0.1";
  const health = { now, instance: config.instance, notReady: readiness.notReady };
  try {
    const server = await openHttpServer(
      { host, port: own.PORT, names: config },
      onceConfirmed(control, readiness),
      () => problem("not_found"),
    );
    const adminHost = own.AMS_ADMIN_HOST ?? "127.0.0.1";
    const adminAt = { host: adminHost, port: own.AMS_ADMIN_PORT ?? 0, names: config };
    const admin = await openAdminPort(adminAt, health, registry, {
      under: "/operator/",
      app: onceConfirmed(control.operator, readiness),
    });
    log.info({ event: "started", port: server.port, admin_port: admin.port }, "control is up");
    stopOnSignal(log, own.AMS_STOP_MS, async () => {
      readiness.stop();
      suspensions.stop();
      await expiry.stop();
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

/**
 * What lies below `/v1` needs the store, and so waits until the store has confirmed the peppers.
 */
function onceConfirmed(control: HttpApp, { isConfirmed }: Readiness): HttpApp {
  const waits = ({ url }: Request) =>
    !isConfirmed() && /^\/(?:operator\/)?v1\//.test(new URL(url).pathname);
  return {
    fetch: (request, peer) =>
      waits(request)
        ? Promise.resolve(problem("unavailable", { "retry-after": "1" }))
        : control.fetch(request, peer),
  };
}

await main();
