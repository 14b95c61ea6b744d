/** How an append on Redis becomes as durable as the setting says. */
import { answered, nodeOf, type Outcome, type RedisConnection, StoreUnavailable } from "@ams/store";
import type { Redis } from "ioredis";
import type { Durability } from "../journal.ts";

/** Milliseconds that replicas and the disk may take. */
const WAIT_MS = 1_000;

/** Resolves with false when the last write of this connection isn't as durable in time. */
export type Settle = (key: string) => Promise<boolean>;

/** What waits for durability; a fault where this server can't give it. */
export async function openSettle(
  connection: RedisConnection,
  durability: Durability,
): Promise<Outcome<Settle, string>> {
  switch (durability.kind) {
    case "memory":
      return { ok: true, value: async () => true };
    case "replicas":
      return { ok: true, value: (key) => waitFor(connection, "WAIT", key, [durability.count]) };
    case "disk":
      return openDisk(connection);
  }
}

/** Redis 7.2 can wait for its file; before that the server has to write each command through. */
async function openDisk(connection: RedisConnection): Promise<Outcome<Settle, string>> {
  if (await hasWaitAof(connection))
    return { ok: true, value: (key) => waitFor(connection, "WAITAOF", key, [1, 0]) };
  const [appendOnly, fsync] = await Promise.all(
    ["appendonly", "appendfsync"].map((name) => readConfig(connection, name)),
  );
  if (appendOnly === "yes" && fsync === "always") return { ok: true, value: async () => true };
  const fault =
    "AMS_JOURNAL_DURABILITY=disk needs Redis 7.2 or later, or one with `appendonly yes` and `appendfsync always`: set these, or choose `memory` and accept that the last second may be lost.";
  return { ok: false, fault };
}

async function waitFor(
  connection: RedisConnection,
  command: "WAIT" | "WAITAOF",
  key: string,
  counts: readonly number[],
): Promise<boolean> {
  const node = nodeFor(connection, key);
  try {
    const reply: unknown = await node.call(command, ...counts.map(String), String(WAIT_MS));
    const got = Array.isArray(reply) ? reply.map(Number) : [Number(reply)];
    return counts.every((count, index) => (got[index] ?? 0) >= count);
  } catch {
    return false;
  }
}

/** Of a Cluster, the connection that commands for this key take. */
function nodeFor(connection: RedisConnection, key: string): Redis {
  if (connection.kind !== "cluster") return connection.client;
  const at = nodeOf(connection.client, key);
  const isAt = ({ options }: Redis) => `${options.host}:${options.port}` === at;
  const node = connection.client.nodes("master").find(isAt);
  if (node === undefined) throw new StoreUnavailable("The node of the slot is not known.");
  return node;
}

/** Of any master: they are alike in a Cluster. */
function anyNode(connection: RedisConnection): Redis {
  if (connection.kind !== "cluster") return connection.client;
  const [node] = connection.client.nodes("master");
  if (node === undefined) throw new StoreUnavailable("The Cluster has no master.");
  return node;
}

async function hasWaitAof(connection: RedisConnection): Promise<boolean> {
  const info = await answered("INFO", anyNode(connection).info("server"));
  const [, major = "0", minor = "0"] = /redis_version:(\d+)\.(\d+)/.exec(info) ?? [];
  return Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 2);
}

async function readConfig(connection: RedisConnection, name: string): Promise<string> {
  const reply: unknown = await answered("CONFIG", anyNode(connection).config("GET", name));
  return Array.isArray(reply) ? String(reply[1] ?? "") : "";
}
