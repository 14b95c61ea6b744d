/** The conversation's own steps: make it or add a link, read it, replace its links, delete it. All in its slot. */
import { ENTRY_LUA, HELD_STREAM_LUA, type Script } from "./script.ts";

/**
 * Makes a conversation with its first link. One that is there gets the link instead, if it is the same canonical one.
 * Replies [`created` | `linked` | `taken`, record, subscribers_max].
 */
export const mint: Script = {
  name: "amsMint",
  keys: 2,
  lua: `
local record, links = unpack(KEYS)
local id, idKind, maxJoins, subscribersMax, json, linkHash, linksMax = unpack(ARGV)
local stored = redis.call('HMGET', record, 'id', 'id_kind', 'record', 'subscribers_max')
if not stored[1] then
  redis.call('HSET', record, 'id', id, 'id_kind', idKind, 'max_joins', maxJoins, 'subscribers_max', subscribersMax,
    'record', json, 'links_made', 1)
  redis.call('DEL', links)
  redis.call('HSET', links, 1, linkHash)
  return { 'created', json, subscribersMax }
end
if stored[1] ~= id or stored[2] ~= 'jcs-sha256' then return { 'taken', stored[3], stored[4] } end
redis.call('HSET', links, redis.call('HINCRBY', record, 'links_made', 1), linkHash)
local numbers = redis.call('HKEYS', links)
table.sort(numbers, function(a, b) return tonumber(a) < tonumber(b) end)
for index = 1, #numbers - tonumber(linksMax) do redis.call('HDEL', links, numbers[index]) end
return { 'linked', stored[3], stored[4] }
`,
};

/** Replies [record, subscribers_max, links, joins], or nil. */
export const admission: Script = {
  name: "amsAdmission",
  keys: 3,
  lua: `
local record, links, joined = unpack(KEYS)
local stored = redis.call('HMGET', record, 'record', 'subscribers_max')
if not stored[1] then return false end
return { stored[1], stored[2], redis.call('HGETALL', links), redis.call('SCARD', joined) }
`,
};

/** Ends every link and makes one. Replies the new one's number, or 0 when there is no conversation. */
export const replaceLinks: Script = {
  name: "amsReplaceLinks",
  keys: 2,
  lua: `
local record, links = unpack(KEYS)
local publish, channelPrefix, linkHash, keepConnected = unpack(ARGV)
local id = redis.call('HGET', record, 'id')
if not id then return 0 end
local number = redis.call('HINCRBY', record, 'links_made', 1)
redis.call('DEL', links)
redis.call('HSET', links, number, linkHash)
if keepConnected ~= '1' then
  redis.call('HSET', record, 'revoked_up_to', number - 1)
  redis.call(publish, channelPrefix .. id, '{"kind":"links_revoked","up_to":' .. string.format('%.0f', number - 1) .. '}')
end
return number
`,
};

/** Removes a conversation with all that hangs on it, and announces `closed`. Replies 1 when it was there. */
export const deleteConversation: Script = {
  name: "amsDeleteConversation",
  keys: 5,
  lua: `${ENTRY_LUA}${HELD_STREAM_LUA}
local record, links, roster, joined, departed = unpack(KEYS)
local publish, channel, heldPrefix, where, conversation = unpack(ARGV)
if redis.call('HGET', record, 'id') ~= conversation then return 0 end
for _, entry in ipairs(redis.call('HVALS', roster)) do
  local head = open(entry)
  redis.call('SREM', heldPrefix .. head.gateway, heldStream(where, head.stream_name, head.connection))
end
redis.call('DEL', record, links, roster, joined, departed)
redis.call(publish, channel, '{"kind":"closed"}')
return 1
`,
};

/** Sets the limit on a conversation that is still the same. */
export const setSubscribersMax: Script = {
  name: "amsSetSubscribersMax",
  keys: 1,
  lua: `
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'subscribers_max', ARGV[2])
return 1
`,
};
