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
  unknownPeppersFault,
} from "@ams/process";
import { connectRedis, isSharded, redisPrefix, whenReady } from "@ams/store";
import { openRedisBus } from "./bus/bus-redis.ts";
import { readGatewayProcess } from "./config.ts";
import { startGateway } from "./gateway.ts";

/** Milliseconds that a stop may take beyond the drain. */
const STOP_GRACE_MS = 10_000;

/** Milliseconds in which Redis must answer at the start; then it is the supervisor's turn. */
const REDIS_WAIT_MS = 30_000;

const SERVICE = "gateway";

const read = readGatewayProcess(process.env);
if (!read.ok) exitMisconfigured(SERVICE, read.faults);
const { config, peppers, redisUrl } = read.value;
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
try {
  await Promise.all([
    whenReady(commands.value, REDIS_WAIT_MS),
    whenReady(subscriber.value, REDIS_WAIT_MS),
  ]);
  const confirmed = await directory.confirmPeppers(peppers);
  if (!confirmed.ok) exitMisconfigured(SERVICE, [unknownPeppersFault(confirmed.fault)]);
} catch (error) {
  log.fatal({ event: "redis_unreachable", ...describeError(error) }, "Redis can't be reached");
  process.exit(EXIT_UNAVAILABLE);
}
const bus = openRedisBus(commands.value, subscriber.value, log);
const names = { publicUrl: config.AMS_PUBLIC_URL, allowedHosts: config.AMS_ALLOWED_HOSTS };
const at = { host: config.HOST ?? "127.0.0.1", port: config.PORT, names };
const gateway = await startGateway({
  at,
  instance,
  config,
  peppers,
  directory,
  bus,
  replay,
  log,
  registry,
  isTakenOver: true,
});
if (gateway === null) {
  log.fatal(
    { event: "port_taken", host: at.host, port: at.port },
    `port ${at.port} of ${at.host} can't be had`,
  );
  process.exit(EXIT_UNAVAILABLE);
}
const health = { now: Date.now, instance, notReady: gateway.notReady };
const admin =
  config.AMS_ADMIN_PORT === null
    ? null
    : await openAdminPort(
        { host: config.AMS_ADMIN_HOST ?? "127.0.0.1", port: config.AMS_ADMIN_PORT, names },
        health,
        registry,
      );
log.info({ event: "started", port: gateway.port, admin_port: admin?.port ?? null }, "started");

const drainMs = config.AMS_DRAIN_MS + config.AMS_DRAIN_SPREAD_MS;
stopOnSignal(log, drainMs + STOP_GRACE_MS, async () => {
  await gateway.stop();
  await admin?.close();
  await bus.close();
  commands.value.client.disconnect();
});
