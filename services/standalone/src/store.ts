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
import { openEmbeddedLog, openRedisLog, type ReplayLog } from "@ams/log";
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

/** Milliseconds between two looks for kept frames that are too old, in conversations not in use. */
const TRIM_MS = 60_000;

export type Store = {
  readonly directory: Directory;
  readonly bus: Bus;
  /** What conversations with replay keep. */
  readonly replay: ReplayLog;
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
  const announce = (channel: string, event: string) =>
    void bus.publish(channel, Buffer.from(event));
  const kept = openEmbeddedLog({ path: folder.directoryFolder, announce });
  if (!kept.ok) throw new Error(kept.fault);
  const replay = kept.value;
  const opened = openEmbeddedDirectory({
    path: folder.directoryFolder,
    announce,
    removed: (channel) => replay.drop(channel),
  });
  if (!opened.ok) throw new Error(opened.fault);
  const directory = opened.value;
  const trim = setInterval(() => replay.trim().catch(() => undefined), TRIM_MS).unref();
  const close = async () => {
    clearInterval(trim);
    await closeBoth(bus, directory);
    await replay.close();
  };
  return { directory, bus, replay, rates: null, close };
}

async function openRedis(url: string, prefix: string, log: Log): Promise<Store> {
  const commands = connect(url, "command");
  const subscriber = connect(url, "subscriber");
  const sharded = isSharded(commands);
  const replay = openRedisLog({ client: commands.client, sharded });
  const directory = openRedisDirectory({
    commands: commands.client,
    sharded,
    removed: (channel) => replay.drop(channel),
    prefix,
  });
  await Promise.all([commands, subscriber].map((one) => whenReady(one, REDIS_READY_MS_MAX)));
  const bus = openRedisBus(commands, subscriber, log);
  const close = async () => {
    await closeBoth(bus, directory);
    commands.client.disconnect();
  };
  const rates = { client: commands.client, keys: keysUnder(prefix) };
  return { directory, bus, replay, rates, close };
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
