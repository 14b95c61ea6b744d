/**
 * The queue on Redis: any number of processes share it.
 *
 * | key | type | holds | ends |
 * |---|---|---|---|
 * | `ams-hooks:{q}:endpoints` | zset | webhook id by the time of its next job | member: no job |
 * | `ams-hooks:{q}:due:<webhook>` | zset | job id by the time at which it is due | member: done |
 * | `ams-hooks:{q}:job:<id>` | string | the job | `KEEP_MS` after it was added |
 * | `ams-hooks:{q}:kept:<name>` | string | see `write` and `lease` | as it says |
 * | `ams-hooks:{q}:set:<set>` | hash | see `setMember` | field: removal |
 */
import {
  answered,
  connectRedis,
  createRedisStore,
  type RedisStore,
  type Script,
  textsOf,
  whenReady,
} from "@ams/store";
import type { Job, Store } from "../store.ts";

const PREFIX = "ams-hooks:{q}:";
const ENDPOINTS = `${PREFIX}endpoints`;

/** Milliseconds that Redis may take to answer at the start. */
const READY_MS = 10_000;

const NEXT_LUA = `
local function setNext(endpoints, due, endpoint)
  local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
  if first[1] then redis.call('ZADD', endpoints, first[2], endpoint)
  else redis.call('ZREM', endpoints, endpoint) end
end
`;

const ADD: Script = {
  name: "hooksAdd",
  keys: 3,
  lua: `${NEXT_LUA}
local endpoints, due, job = unpack(KEYS)
local endpoint, id, value, now, keepMs = unpack(ARGV)
if not redis.call('SET', job, value, 'PX', keepMs, 'NX') then return 0 end
redis.call('ZADD', due, now, id)
setNext(endpoints, due, endpoint)
return 1
`,
};

const CLAIM: Script = {
  name: "hooksClaim",
  keys: 2,
  lua: `${NEXT_LUA}
local endpoints, due = unpack(KEYS)
local endpoint, now, until_, busy, limit = unpack(ARGV)
if limit == '0' then
  if redis.call('ZSCORE', endpoints, endpoint) then redis.call('ZADD', endpoints, busy, endpoint) end
  return {}
end
local ids = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, limit)
for _, id in ipairs(ids) do redis.call('ZADD', due, until_, id) end
setNext(endpoints, due, endpoint)
return ids
`,
};

const FINISH: Script = {
  name: "hooksFinish",
  keys: 3,
  lua: `${NEXT_LUA}
local endpoints, due, job = unpack(KEYS)
local endpoint, id, value, next = unpack(ARGV)
redis.call('SET', job, value, 'XX', 'KEEPTTL')
if next == '' or redis.call('EXISTS', job) == 0 then redis.call('ZREM', due, id)
else redis.call('ZADD', due, next, id) end
setNext(endpoints, due, endpoint)
return 1
`,
};

const LEASE: Script = {
  name: "hooksLease",
  keys: 1,
  lua: `
local holder, ttlMs = unpack(ARGV)
local now = redis.call('GET', KEYS[1])
if now and now ~= holder then return 0 end
redis.call('SET', KEYS[1], holder, 'PX', ttlMs)
return 1
`,
};

/** Rejects with a sentence when Redis can't be reached. */
export async function openRedisStore(url: string): Promise<Store> {
  const connected = connectRedis(url, "command");
  if (!connected.ok) throw new Error(`AMS_HOOKS_REDIS_URL ${connected.fault}`);
  const { client } = connected.value;
  await whenReady(connected.value, READY_MS).catch((error: unknown) => {
    client.disconnect();
    throw error;
  });
  return storeOn(createRedisStore(client, [ADD, CLAIM, FINISH, LEASE]));
}

function storeOn({ client, run }: RedisStore): Store {
  const dueKey = (endpoint: string) => `${PREFIX}due:${endpoint}`;
  const jobKey = (id: string) => `${PREFIX}job:${id}`;
  const keptKey = (name: string) => `${PREFIX}kept:${name}`;
  const setKey = (set: string) => `${PREFIX}set:${set}`;
  const finish = async ({ id, endpoint, value }: Job, nextMs: number | null) => {
    const keys = [ENDPOINTS, dueKey(endpoint), jobKey(id)];
    await run(FINISH, keys, [endpoint, id, value, nextMs ?? ""]);
  };
  return {
    kind: "redis",
    async ping() {
      await answered("PING", client.ping());
    },
    async add({ id, endpoint, value }, nowMs, keepMs) {
      const keys = [ENDPOINTS, dueKey(endpoint), jobKey(id)];
      await run(ADD, keys, [endpoint, id, value, nowMs, keepMs]);
    },
    async dueEndpoints(nowMs, limit) {
      const due = client.zrangebyscore(ENDPOINTS, "-inf", nowMs, "LIMIT", 0, limit);
      return await answered("ZRANGEBYSCORE", due);
    },
    async claim(endpoint, { nowMs, leaseMs, busyMs }, limit) {
      const args = [endpoint, nowMs, nowMs + leaseMs, nowMs + busyMs, limit];
      const ids = textsOf(await run(CLAIM, [ENDPOINTS, dueKey(endpoint)], args));
      if (ids.length === 0) return [];
      const values = await answered("MGET", client.mget(ids.map(jobKey)));
      const claimed: { readonly id: string; readonly value: string }[] = [];
      for (const [index, id] of ids.entries()) {
        const value = values[index] ?? null;
        if (value === null) await finish({ id, endpoint, value: "" }, null);
        else claimed.push({ id, value });
      }
      return claimed;
    },
    finish,
    valueOf: (id) => answered("GET", client.get(jobKey(id))),
    again: (job, nowMs) => finish(job, nowMs),
    async drop(endpoint) {
      await answered("DEL", client.del(dueKey(endpoint)));
      await answered("ZREM", client.zrem(ENDPOINTS, endpoint));
    },
    async write(name, value, ttlMs) {
      const key = keptKey(name);
      if (value === null) await answered("DEL", client.del(key));
      else if (ttlMs === undefined) await answered("SET", client.set(key, value));
      else await answered("SET", client.set(key, value, "PX", ttlMs));
    },
    read: (name) => answered("GET", client.get(keptKey(name))),
    async lease(name, holder, ttlMs) {
      return (await run(LEASE, [keptKey(name)], [holder, ttlMs])) === 1;
    },
    async setMember(set, member, value) {
      const key = setKey(set);
      if (value === null) await answered("HDEL", client.hdel(key, member));
      else await answered("HSET", client.hset(key, member, value));
    },
    async members(set) {
      return Object.entries(await answered("HGETALL", client.hgetall(setKey(set))));
    },
    close: async () => client.disconnect(),
  };
}
