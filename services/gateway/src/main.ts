/** The gateway as a process: configuration, Redis, ports, signals. */

import { hostname } from "node:os";
import { openRedisDirectory } from "@ams/directory";
import { openRedisLog } from "@ams/log";
import {
  describeError,
  EXIT_UNAVAILABLE,
  exitMisconfigured,
  openAdminPort,
  openLog,
  openMetrics,
  stopOnSignal,
  storeFault,
} from "@ams/process";
import { connectRedis, isSharded, redisPrefix, whenReady } from "@ams/store";
import { openRedisBus } from "./bus/bus-redis.ts";
import { readGatewayProcess } from "./config.ts";
import { startGateway } from "./gateway.ts";

/** Milliseconds that a stop may take beyond the drain. */
const STOP_GRACE_MS = 10_000;

/** Milliseconds after which a start that waits for Redis looks again, and first says so. */
const REDIS_LOOK_MS = 5_000;

const SERVICE = "gateway";

const read = readGatewayProcess(process.env);
if (!read.ok) exitMisconfigured(SERVICE, read.faults);
const { config, peppers, issuer, redisUrl } = read.value;
const commands = connectRedis(redisUrl, "command");
const subscriber = connectRedis(redisUrl, "subscriber");
if (!commands.ok) exitMisconfigured(SERVICE, [`AMS_REDIS_URL ${commands.fault}`]);
if (!subscriber.ok) exitMisconfigured(SERVICE, [`AMS_REDIS_URL ${subscriber.fault}`]);

const instance = config.AMS_INSTANCE ?? hostname();
const log = openLog({ service: SERVICE, instance, level: config.AMS_LOG_LEVEL });
const registry = openMetrics(log);

const sharded = isSharded(commands.value);
const replay = openRedisLog({ client: commands.value.client, sharded });
const directory = openRedisDirectory({
  commands: commands.value.client,
  sharded,
  prefix: redisPrefix(redisUrl, config.AMS_REDIS_PREFIX),
});
const names = { publicUrl: config.AMS_PUBLIC_URL, allowedHosts: config.AMS_ALLOWED_HOSTS };
/** Until there is a gateway, it waits for the directory. */
let notReady: () => string | null = () => "directory";
let stop = () => Promise.resolve();
// Before anything is waited for, so that it answers to signals and to whoever watches it.
const drainMs = config.AMS_DRAIN_MS + config.AMS_DRAIN_SPREAD_MS;
stopOnSignal(log, drainMs + STOP_GRACE_MS, () => stop());
const admin =
  config.AMS_ADMIN_PORT === null
    ? null
    : await openAdminPort(
        { host: config.AMS_ADMIN_HOST ?? "127.0.0.1", port: config.AMS_ADMIN_PORT, names },
        { now: Date.now, instance, notReady: () => notReady() },
        registry,
      );
await redisReady();
const bus = openRedisBus(commands.value, subscriber.value, log);
const at = { host: config.HOST ?? "127.0.0.1", port: config.PORT, names };
const gateway = await startGateway({
  at,
  instance,
  config,
  peppers,
  issuer,
  directory,
  bus,
  replay,
  log,
  registry,
  isTakenOver: true,
  isHosted: true,
});
if (gateway === null) {
  log.fatal(
    { event: "port_taken", host: at.host, port: at.port },
    `port ${at.port} of ${at.host} can't be had`,
  );
  process.exit(EXIT_UNAVAILABLE);
}
notReady = gateway.notReady;
stop = async () => {
  await gateway.stop();
  await admin?.close();
  await bus.close();
  commands.value.client.disconnect();
};
log.info({ event: "started", port: gateway.port, admin_port: admin?.port ?? null }, "started");

/**
 * Resolves once Redis takes commands and knows the peppers; says once why that lasts. It waits as
 * long as it takes: the process is alive, and not ready.
 */
async function redisReady(): Promise<void> {
  const connections = [commands, subscriber].flatMap((one) => (one.ok ? [one.value] : []));
  let cause: unknown = null;
  for (const { client } of connections) {
    client.on("error", (error: unknown) => {
      cause = error;
    });
  }
  for (let waited = false; ; waited = true) {
    try {
      await Promise.all(connections.map((one) => whenReady(one, REDIS_LOOK_MS)));
      const confirmed = await directory.confirmPeppers(peppers);
      if (!confirmed.ok) exitMisconfigured(SERVICE, [storeFault(confirmed.fault)]);
      if (waited) log.info({ event: "redis_reached" }, "Redis is reached");
      return;
    } catch (error) {
      if (waited) continue;
      const why = describeError(cause ?? error);
      log.warn({ event: "redis_away", ...why }, "Redis can't be reached yet: trying again");
    }
  }
}
