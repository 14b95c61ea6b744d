/** A directory on a private redis-server, and what is in it. Tests only. */
import { connectRedis, DEFAULT_PREFIX, whenReady } from "@ams/store";
import { startRedisServer } from "@ams/store/testing";
import type { Redis } from "ioredis";
import {
  fresh,
  type Heard,
  newAccount,
  newClaim,
  newConversation,
  START_MS,
  slotOf,
  value,
  type World,
  whereOf,
} from "../contract/world.ts";
import type { Directory } from "../directory.ts";
import { keysUnder } from "./keys.ts";
import { openRedisDirectory } from "./redis-directory.ts";

/** Milliseconds within which a server on this machine takes commands. */
export const READY_MS = 10_000;

export const KEYS = keysUnder(DEFAULT_PREFIX);

export async function connect(url: string, role: "command" | "subscriber"): Promise<Redis> {
  const connection = value(connectRedis(url, role));
  if (connection.kind === "cluster") throw new Error("not a single server");
  await whenReady(connection, READY_MS);
  return connection.client;
}

/** Each world has a server of its own, so that the worlds' sweeps don't meet. */
export async function openWorld(): Promise<World> {
  const server = await startRedisServer();
  const [commands, others, ears] = await Promise.all([
    connect(server.url, "command"),
    connect(server.url, "command"),
    connect(server.url, "subscriber"),
  ]);
  const heard: Heard[] = [];
  const arrived = new Map<string, () => void>();
  ears.on("pmessage", (_pattern: string, channel: string, event: string) => {
    if (channel === "ams:end") arrived.get(event)?.();
    else heard.push({ channel, event: JSON.parse(event) });
  });
  await ears.psubscribe("ams:*");
  const clock = { ms: START_MS };
  const options = { sharded: false, now: () => clock.ms };
  return {
    directory: openRedisDirectory({ commands, ...options }),
    other: openRedisDirectory({ commands: others, ...options }),
    clock,
    async heard() {
      const end = fresh("end");
      const all = new Promise<void>((resolve) => arrived.set(end, resolve));
      await commands.publish("ams:end", end);
      await all;
      return [...heard];
    },
    dump: () => dump(commands),
    async close() {
      for (const client of [commands, others, ears]) client.disconnect();
      await server.kill();
    },
  };
}

/** Every key with all that it holds, one text each. */
export async function dump(client: Redis): Promise<readonly string[]> {
  const keys = await client.keys("*");
  const contents = await Promise.all(keys.map((key) => contentOf(client, key)));
  return keys.map((key, index) => `${key} ${JSON.stringify(contents[index])}`);
}

async function contentOf(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case "string":
      return client.get(key);
    case "hash":
      return client.hgetall(key);
    case "set":
      return client.smembers(key);
    case "stream":
      return client.xrange(key, "-", "+");
    case "zset":
      return client.zrange(key, 0, -1, "WITHSCORES");
    default:
      throw new Error(`a key of no known type: ${key}`);
  }
}

/** An account with a conversation in which it holds one stream. */
export async function populateAt(
  directory: Directory,
  credentialHash = fresh("hash"),
  linkHash = "link",
) {
  const account = value(await directory.createAccount(newAccount(), credentialHash));
  const conversation = newConversation(account, { max_joins: 5_000 });
  value(await directory.mint({ conversation, linkHash }));
  const claim = newClaim(whereOf(conversation), account, { gateway: fresh("gateway") });
  await directory.heartbeat(claim.gateway, 0);
  const terms = { credential: credentialHash, slotsMax: 10 };
  value(await directory.reserve(slotOf(claim), terms));
  value(await directory.claim(claim));
  return { directory, account, conversation, claim };
}
