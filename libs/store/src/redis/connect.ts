/**
 * Connections to Redis. A process has two (performance: commands and publishes share one, so that
 * they keep their order; the other one subscribes). Both fail fast while Redis is away, reconnect
 * without limit, and never end a process with an unhandled error.
 */
import {
  Cluster,
  type ClusterNode,
  type ClusterOptions,
  Command,
  Redis,
  type RedisOptions,
} from "ioredis";
import { type Outcome, StoreUnavailable } from "../outcome.ts";
import { gatherWrites } from "./gather-writes.ts";
import { type Login, parseRedisUrl, type RedisAddress } from "./url.ts";

/** `command` also publishes. */
export type RedisRole = "command" | "subscriber";

export type RedisConnection =
  | { readonly kind: "single" | "sentinel"; readonly client: Redis }
  | { readonly kind: "cluster"; readonly client: Cluster };

export type RedisClient = RedisConnection["client"];

/** Milliseconds after which a command that got no answer is given up. */
const COMMAND_TIMEOUT_MS = 2_000;

/** Milliseconds that one attempt to connect may take. */
const CONNECT_TIMEOUT_MS = 2_000;

/**
 * Milliseconds between attempts to connect: doubled from the first to the last, then half to all of
 * it at random.
 */
const RETRY_FIRST_MS = 50;
const RETRY_LAST_MS = 2_000;

/** Milliseconds of silence after which the kernel asks whether the other side is still there. */
const KEEP_ALIVE_MS = 10_000;

/**
 * Opens a connection, which begins to connect at once; a URL that can't be read is a fault in one
 * sentence. Until it is connected each command is rejected: `whenReady` waits. The caller ends it
 * with `client.disconnect()`.
 */
export function connectRedis(url: string, role: RedisRole): Outcome<RedisConnection, string> {
  const address = parseRedisUrl(url);
  if (!address.ok) return address;
  const connection = open(address.value, role);
  // Without a listener an `error` event ends the process. What it says shows in every rejected
  // command too.
  connection.client.on("error", () => {});
  if (connection.kind !== "cluster") gatherWrites(connection.client);
  return { ok: true, value: connection };
}

/** True when roster events go by SPUBLISH on this kind of Redis, and are heard by SSUBSCRIBE. */
export function isSharded(connection: RedisConnection): boolean {
  return connection.kind === "cluster";
}

/**
 * Ends the connection that commands about this channel take, and makes it again: it is open, and
 * nothing is answered. Without this the kernel would wait for its answers for a quarter of an hour.
 */
export function reconnect(connection: RedisConnection, channel: string): void {
  const { kind, client } = connection;
  if (kind !== "cluster") {
    if (client.status === "ready") client.disconnect(true);
    return;
  }
  const at = nodeOf(client, channel);
  const isAt = ({ options }: Redis) => `${options.host}:${options.port}` === at;
  // The Cluster client connects to the node again with the next command for it.
  client.nodes().find(isAt)?.disconnect();
}

/** `host:port` of the master of this channel's slot, as far as the client knows. */
export function nodeOf(client: Cluster, channel: string): string | null {
  return client.slots[new Command("ssubscribe", [channel]).getSlot()]?.[0] ?? null;
}

/**
 * Resolves once commands are taken, by every node of a Cluster; rejects with `StoreUnavailable`
 * when that takes longer than `timeoutMs`.
 */
export async function whenReady(connection: RedisConnection, timeoutMs: number): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  await ready(connection.client, untilMs, timeoutMs);
  if (connection.kind !== "cluster") return;
  // A node that can't be connected to is dropped: the client connects to it again with the next
  // command for it.
  const settled = (node: Redis) => ready(node, untilMs, timeoutMs, ["ready", "end"]);
  await Promise.all(connection.client.nodes().map(settled));
}

function ready(
  client: RedisClient,
  untilMs: number,
  timeoutMs: number,
  events: readonly ("ready" | "end")[] = ["ready"],
): Promise<void> {
  if (events.some((event) => event === client.status)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      for (const event of events) client.off(event, isReady);
      settle();
    };
    const isReady = () => end(resolve);
    const isLate = () =>
      end(() => reject(new StoreUnavailable(`Redis can't be reached within ${timeoutMs} ms.`)));
    const timer = setTimeout(isLate, Math.max(0, untilMs - performance.now()));
    for (const event of events) client.on(event, isReady);
  });
}

/**
 * A Cluster whose nodes are connected as soon as they are known. By itself the client connects at
 * the first command for a node, sends what comes meanwhile to others, and follows their
 * redirections: commands would overtake each other.
 */
function openCluster(nodes: readonly ClusterNode[], options: ClusterOptions): Cluster {
  const client = new Cluster([...nodes], options);
  client.on("+node", (node: Redis) => {
    gatherWrites(node);
    // A node that can't be reached is dropped and found again by the client.
    node.connect().catch(() => {});
  });
  return client;
}

function open(address: RedisAddress, role: RedisRole): RedisConnection {
  const options = { ...nodeOptions(role), ...loginOptions(address.login), ...tlsOptions(address) };
  switch (address.kind) {
    case "single": {
      const { endpoint, db } = address;
      return { kind: "single", client: new Redis({ ...options, ...retrying, ...endpoint, db }) };
    }
    case "sentinel":
      return { kind: "sentinel", client: new Redis(sentinelOptions(address, options)) };
    case "cluster":
      return {
        kind: "cluster",
        client: openCluster(address.nodes, clusterOptions(options)),
      };
  }
}

/**
 * No command waits for a connection, and none is sent twice: whoever asked hears that it is away.
 */
const retrying = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: retryMs,
} as const satisfies RedisOptions;

function nodeOptions(role: RedisRole) {
  return {
    connectionName: `ams-${role}`,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    enableAutoPipelining: false,
    autoResendUnfulfilledCommands: false,
    // The bus subscribes again by itself, in batches.
    autoResubscribe: false,
    // After a failover the old master refuses writes: the connection then looks for the new one.
    reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
  } as const satisfies RedisOptions;
}

function sentinelOptions(
  address: Extract<RedisAddress, { kind: "sentinel" }>,
  options: RedisOptions,
): RedisOptions {
  const { username, password } = address.sentinelLogin;
  return {
    ...options,
    ...retrying,
    sentinels: [...address.sentinels],
    name: address.master,
    db: address.db,
    sentinelRetryStrategy: retryMs,
    sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
    ...(username === null ? {} : { sentinelUsername: username }),
    ...(password === null ? {} : { sentinelPassword: password }),
    ...(address.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  };
}

function clusterOptions(options: RedisOptions): ClusterOptions {
  return {
    redisOptions: options,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    clusterRetryStrategy: retryMs,
    slotsRefreshTimeout: COMMAND_TIMEOUT_MS,
  };
}

function loginOptions(login: Login): RedisOptions {
  return {
    ...(login.username === null ? {} : { username: login.username }),
    ...(login.password === null ? {} : { password: login.password }),
  };
}

function tlsOptions(address: RedisAddress): RedisOptions {
  return address.tls ? { tls: {} } : {};
}

/**
 * How long to wait before the n-th attempt, in milliseconds; spread, so that gateways don't return
 * as one.
 */
function retryMs(attempt: number): number {
  const capMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(attempt, 16), RETRY_LAST_MS);
  return Math.round(capMs * (0.5 + Math.random() / 2));
}
