/**
 * An account's quota slots: reserve one, keep a shared one, release one. All in the Cluster slot of
 * the account.
 */
import type { Script } from "@ams/store";
import { CREDENTIAL_LUA, HELD_SLOT_LUA, KEY_LUA } from "./script.ts";

/**
 * Replies [`reserved`, `shared` or a fault's name, when the credential ends, the hashes of those
 * that its use has ended]; `gone` when there is no account. Guests show no credential.
 */
export const reserve: Script = {
  name: "amsReserve",
  keys: 5,
  lua: `${CREDENTIAL_LUA}${KEY_LUA}${HELD_SLOT_LUA}
local record, credentials, keys, slots, held = unpack(KEYS)
local kind, account, slot, gateway, connection, credential, now, limit, deploymentMax = unpack(ARGV)
local stored = redis.call('HMGET', record, 'record', limit)
if not stored[1] then return { 'gone', 0, {} } end
local shown, ended = { ends = 0 }, {}
if kind ~= 'guest' then shown, ended = useCredential(credentials, credential, now) end
if not shown then
  shown = useKey(keys, credential, now)
  if shown and not shown.may('join') then return { 'insufficient_scope', 0, {} } end
end
if not shown then return { 'invalid_credential', 0, {} } end
local function reply(status) return { status, shown.ends, ended } end
local old = redis.call('HGET', slots, slot)
local mine = gateway .. '/' .. connection
local slotsMax = tonumber(stored[2]) or tonumber(deploymentMax)
if not old and redis.call('HLEN', slots) >= slotsMax then return reply('account_concurrency_limit') end
for _, holder in ipairs(holders(old)) do
  if holder.gateway == gateway and holder.connection == connection then return reply('shared') end
end
redis.call('HSET', slots, slot, old and (old .. ' ' .. mine) or mine)
redis.call('SADD', held, heldSlot(kind, account, slot, connection))
return reply(old and 'shared' or 'reserved')
`,
};

/**
 * Makes a quota slot this connection's alone. Replies what the others' shares of it are in indexes.
 */
export const keepSlot: Script = {
  name: "amsKeepSlot",
  keys: 3,
  lua: `${HELD_SLOT_LUA}
local record, slots, held = unpack(KEYS)
local kind, account, slot, gateway, connection = unpack(ARGV)
if redis.call('EXISTS', record) == 0 then return {} end
local indexed = {}
for _, holder in ipairs(holders(redis.call('HGET', slots, slot))) do
  if holder.gateway ~= gateway or holder.connection ~= connection then
    indexed[#indexed + 1] = holder.gateway
    indexed[#indexed + 1] = heldSlot(kind, account, slot, holder.connection)
  end
end
redis.call('HSET', slots, slot, gateway .. '/' .. connection)
redis.call('SADD', held, heldSlot(kind, account, slot, connection))
return indexed
`,
};

/** Releases a quota slot; it is free once nobody holds it. */
export const release: Script = {
  name: "amsRelease",
  frees: true,
  keys: 2,
  lua: `${HELD_SLOT_LUA}
local slots, held = unpack(KEYS)
local kind, account, slot, gateway, connection = unpack(ARGV)
redis.call('SREM', held, heldSlot(kind, account, slot, connection))
local left = {}
for _, holder in ipairs(holders(redis.call('HGET', slots, slot))) do
  if holder.gateway ~= gateway or holder.connection ~= connection then
    left[#left + 1] = holder.gateway .. '/' .. holder.connection
  end
end
if #left == 0 then redis.call('HDEL', slots, slot)
else redis.call('HSET', slots, slot, table.concat(left, ' ')) end
return 1
`,
};
