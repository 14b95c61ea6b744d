/**
 * Where everything is kept: in a file of the state folder with a bus within this process, or in
 * Redis with its bus.
 */

import {
  type Directory,
  type Keys,
  keysUnder,
  openEmbeddedDirectory,
  openRedisDirectory,
} from "@ams/directory";
import { type Bus, openMemoryBus, openRedisBus } from "@ams/gateway";
import type { Log } from "@ams/process";
import {
  connectRedis,
  isSharded,
  type RedisClient,
  type RedisConnection,
  type RedisRole,
  redisPrefix,
  whenReady,
} from "@ams/store";
import type { StateFolder } from "./state-folder.ts";

/**
 * Milliseconds that Redis may take to answer at the start: somebody waits for the sentence that
 * says it doesn't.
 */
const REDIS_READY_MS_MAX = 5_000;

export type Store = {
  readonly directory: Directory;
  readonly bus: Bus;
  /** Where control counts its rates; null counts them in this process. */
  readonly rates: { readonly client: RedisClient; readonly keys: Keys } | null;
  readonly close: () => Promise<void>;
};

/**
 * Which Redis, and what the operator calls this deployment there; the URL is null where the folder
 * is the store.
 */
export type StoreSettings = {
  readonly AMS_REDIS_URL: string | null;
  readonly AMS_REDIS_PREFIX: string | null;
};

/** Opens it. Rejects with a sentence when Redis can't be reached or the file not be opened. */
export function openStore(
  { AMS_REDIS_URL: url, AMS_REDIS_PREFIX: named }: StoreSettings,
  folder: StateFolder,
  log: Log,
): Promise<Store> {
  return url === null ? openEmbedded(folder) : openRedis(url, redisPrefix(url, named), log);
}

async function openEmbedded(folder: StateFolder): Promise<Store> {
  const bus = openMemoryBus();
  const opened = openEmbeddedDirectory({
    path: folder.directoryFolder,
    announce: (channel, event) => void bus.publish(channel, Buffer.from(event)),
  });
  if (!opened.ok) throw new Error(opened.fault);
  const directory = opened.value;
  return { directory, bus, rates: null, close: () => closeBoth(bus, directory) };
}

async function openRedis(url: string, prefix: string, log: Log): Promise<Store> {
  const commands = connect(url, "command");
  const subscriber = connect(url, "subscriber");
  const directory = openRedisDirectory({
    commands: commands.client,
    sharded: isSharded(commands),
    prefix,
  });
  await Promise.all([commands, subscriber].map((one) => whenReady(one, REDIS_READY_MS_MAX)));
  const bus = openRedisBus(commands, subscriber, log);
  const close = async () => {
    await closeBoth(bus, directory);
    commands.client.disconnect();
  };
  return { directory, bus, rates: { client: commands.client, keys: keysUnder(prefix) }, close };
}

function connect(url: string, role: RedisRole): RedisConnection {
  const connected = connectRedis(url, role);
  if (!connected.ok) throw new Error(connected.fault);
  return connected.value;
}

async function closeBoth(bus: Bus, directory: Directory): Promise<void> {
  await bus.close();
  await directory.close();
}
