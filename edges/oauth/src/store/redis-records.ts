/** Records on Redis, shared by the processes of the edge. */
import { answered, connectRedis, createRedisStore, type Script, whenReady } from "@ams/store";
import type { Records } from "./records.ts";

const PREFIX = "ams-oauth:";
const CONNECT_MS = 5_000;

const swap: Script = {
  name: "amsOAuthSwap",
  keys: 1,
  lua: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
`,
};

/** Rejects with a sentence when the URL is wrong or Redis can't be reached. */
export async function openRedisRecords(url: string): Promise<Records> {
  const connection = connectRedis(url, "command");
  if (!connection.ok) throw new Error(`AMS_OAUTH_REDIS_URL ${connection.fault}`);
  const { client } = connection.value;
  await whenReady(connection.value, CONNECT_MS).catch((error: unknown) => {
    client.disconnect();
    throw error;
  });
  const store = createRedisStore(client, [swap]);
  const named = (key: string) => PREFIX + key;
  return {
    get: (key) => answered("GET", client.get(named(key))),
    set: async (key, value, ttlS) => {
      await answered("SET", client.set(named(key), value, "EX", ttlS));
    },
    swap: async (key, before, after, ttlS) =>
      (await store.run(swap, [named(key)], [before, after, ttlS])) === 1,
    remove: async (key) => {
      await answered("DEL", client.del(named(key)));
    },
    close: async () => client.disconnect(),
  };
}
