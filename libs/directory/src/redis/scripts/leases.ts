/** Gateways' leases, by the clock of Redis. */
import type { Script } from "@ams/store";
import { NOW_LUA } from "./script.ts";

/** Renews a lease, or begins one. Replies 1 when there was one: nobody has swept it. */
export const heartbeat: Script = {
  name: "amsHeartbeat",
  frees: true,
  keys: 1,
  lua: `${NOW_LUA}
local now = nowMs()
local gateways = KEYS[1]
local gateway, ttlMs = unpack(ARGV)
local known = redis.call('ZSCORE', gateways, gateway)
redis.call('ZADD', gateways, string.format('%.0f', now + ttlMs), gateway)
return known and 1 or 0
`,
};

/**
 * Takes the gateways whose lease has run out, and those that another sweeper began and didn't end
 * in time.
 */
export const takeLapsed: Script = {
  name: "amsTakeLapsed",
  frees: true,
  keys: 2,
  lua: `${NOW_LUA}
local now = nowMs()
local gateways, sweeping = unpack(KEYS)
local takeAgainMs = tonumber(ARGV[1])
local at = string.format('%.0f', now)
local taken = redis.call('ZRANGEBYSCORE', gateways, '-inf', at)
for _, gateway in ipairs(taken) do redis.call('ZREM', gateways, gateway) end
local begun = redis.call('ZRANGEBYSCORE', sweeping, '-inf', string.format('%.0f', now - takeAgainMs))
for _, gateway in ipairs(begun) do taken[#taken + 1] = gateway end
for _, gateway in ipairs(taken) do redis.call('ZADD', sweeping, at, gateway) end
return taken
`,
};

/** Ends a lease. Whatever the gateway may have left is for the next sweep. */
export const endLease: Script = {
  name: "amsEndLease",
  frees: true,
  keys: 2,
  lua: `
local gateways, sweeping = unpack(KEYS)
if redis.call('ZREM', gateways, ARGV[1]) == 1 then redis.call('ZADD', sweeping, 0, ARGV[1]) end
return 1
`,
};
