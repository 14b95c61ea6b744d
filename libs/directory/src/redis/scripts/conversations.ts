/**
 * The conversation's own steps: make it or add a link, read it, replace its links, delete it. All
 * in its slot.
 */
import type { Script } from "@ams/store";
import { EPOCHS_PER_S } from "./claim.ts";
import { OUTBOX_LUA } from "./outbox.ts";
import { NOW_LUA } from "./script.ts";

/**
 * Makes a conversation with its first link. One that is there gets the link instead, if it is the
 * same canonical one. Its counters begin above the floors. Replies [`created` | `linked` | `taken`
 * | `ending` | `absent`, record, subscribers_max]; `ending` is one whose deletion was begun, or
 * that was made after it was deleted: it must be removed.
 */
export const mint: Script = {
  name: "amsMint",
  keys: 4,
  lua: `${NOW_LUA}
local record, links, uses, expiring = unpack(KEYS)
local id, idKind, generation, maxJoins, subscribersMax, json, linkHash, linksMax, claimsFloor, linksFloor,
  member, removeAt, create = unpack(ARGV)
local stored = redis.call('HMGET', record, 'id', 'id_kind', 'record', 'subscribers_max', 'generation')
if not stored[1] then
  if create ~= '1' then return { 'absent' } end
  local first = string.format('%.0f', linksFloor + 1)
  redis.call('HSET', record, 'id', id, 'id_kind', idKind, 'generation', generation, 'max_joins', maxJoins,
    'subscribers_max', subscribersMax, 'record', json, 'links_made', first, 'claims', claimsFloor,
    'epoch_zero_ms', string.format('%.0f', nowMs() - claimsFloor * ${1_000 / EPOCHS_PER_S}))
  redis.call('DEL', links, uses)
  redis.call('HSET', links, first, linkHash)
  if removeAt ~= '' then redis.call('ZADD', expiring, removeAt, member) end
  return { 'created', json, subscribersMax }
end
if not stored[5] then return { 'ending', stored[3], stored[4] } end
if stored[1] ~= id or stored[2] ~= 'jcs-sha256' then return { 'taken', stored[3], stored[4] } end
if stored[5] ~= generation then return { 'ending', stored[3], stored[4] } end
redis.call('HSET', links, redis.call('HINCRBY', record, 'links_made', 1), linkHash)
local numbers = redis.call('HKEYS', links)
table.sort(numbers, function(a, b) return tonumber(a) < tonumber(b) end)
local over = #numbers - tonumber(linksMax)
-- Plain links first: one with terms was made for somebody.
for _, prefix in ipairs({ '^[^~]', '' }) do
  for index = 1, #numbers - 1 do
    local number = numbers[index]
    if over > 0 and string.find(redis.call('HGET', links, number) or '-', prefix) then
      over = over - redis.call('HDEL', links, number)
      redis.call('HDEL', uses, number, number .. ':ids')
    end
  end
end
return { 'linked', stored[3], stored[4] }
`,
};

/** Replies [record, subscribers_max, links, joins, uses of each link in their order], or nil. */
export const admission: Script = {
  name: "amsAdmission",
  keys: 4,
  lua: `
local record, links, joined, uses = unpack(KEYS)
local stored = redis.call('HMGET', record, 'record', 'subscribers_max', 'generation')
if not stored[3] then return false end
local all, used = redis.call('HGETALL', links), {}
for index = 1, #all, 2 do used[#used + 1] = redis.call('HGET', uses, all[index]) or '' end
return { stored[1], stored[2], all, redis.call('SCARD', joined), used }
`,
};

/**
 * Ends every link and makes one, whose joins are counted anew. Replies the new one's number, or 0
 * when there is no conversation.
 */
export const replaceLinks: Script = {
  name: "amsReplaceLinks",
  frees: true,
  keys: 4,
  lua: `
local record, links, joined, uses = unpack(KEYS)
local publish, channelPrefix, linkHash, keepConnected = unpack(ARGV)
local id, generation = unpack(redis.call('HMGET', record, 'id', 'generation'))
if not generation then return 0 end
local number = redis.call('HINCRBY', record, 'links_made', 1)
redis.call('DEL', links, joined, uses)
redis.call('HSET', links, number, linkHash)
if keepConnected ~= '1' then
  redis.call('HSET', record, 'revoked_up_to', number - 1)
  redis.call('HDEL', record, 'revoked_links')
  redis.call(publish, channelPrefix .. id .. ':' .. generation, '{"kind":"links_revoked","up_to":' .. string.format('%.0f', number - 1) .. '}')
end
return number
`,
};

/**
 * Begins the end of a conversation: nothing finds its generation any more, and `closed` is
 * announced, once. Replies the counters [claims, links made], also when it was begun before; nil
 * when there is no such conversation.
 */
export const closeConversation: Script = {
  name: "amsCloseConversation",
  frees: true,
  keys: 3,
  lua: `
local record, outboxes, outbox = unpack(KEYS)
${OUTBOX_LUA}
local publish, channel, generation, namespace, alias = unpack(ARGV)
local stored = redis.call('HMGET', record, 'generation', 'closed', 'claims', 'links_made', 'opted_in', 'id')
if stored[1] == generation then
  redis.call('HDEL', record, 'generation')
  redis.call('HSET', record, 'closed', generation)
  redis.call(publish, channel, '{"kind":"closed"}')
  if stored[5] then lifecycle('conversation.closed', namespace, stored[6], alias) end
elseif stored[2] ~= generation then return false end
return { stored[3], stored[4] }
`,
};

/**
 * Whether a conversation whose time has come may go: then it is closed, as `closeConversation`
 * does. One with live streams is looked at again later. Replies 1 when it is closed.
 */
export const closeExpired: Script = {
  name: "amsCloseExpired",
  keys: 5,
  frees: true,
  lua: `
local record, roster, expiring, outboxes, outbox = unpack(KEYS)
${OUTBOX_LUA}
local publish, channelPrefix, generation, member, againAt, namespace, alias = unpack(ARGV)
local stored = redis.call('HMGET', record, 'generation', 'closed', 'id', 'opted_in')
if stored[2] == generation then return 1 end
if stored[1] ~= generation then
  redis.call('ZREM', expiring, member)
  return 0
end
local observed = stored[4] and redis.call('HEXISTS', roster, stored[4]) or 0
if redis.call('HLEN', roster) > observed then
  redis.call('ZADD', expiring, againAt, member)
  return 0
end
redis.call('HDEL', record, 'generation')
redis.call('HSET', record, 'closed', generation)
redis.call(publish, channelPrefix .. stored[3] .. ':' .. generation, '{"kind":"closed"}')
if stored[4] then lifecycle('conversation.closed', namespace, stored[3], alias) end
return 1
`,
};

/** Removes a closed conversation with all that hangs on it. Replies 1 when it was there. */
export const removeClosed: Script = {
  name: "amsRemoveClosed",
  frees: true,
  keys: 7,
  lua: `
local record, links, uses, roster, joined, departed, expiring = unpack(KEYS)
local generation, member = unpack(ARGV)
if redis.call('HGET', record, 'closed') ~= generation then return 0 end
redis.call('DEL', record, links, uses, roster, joined, departed)
redis.call('ZREM', expiring, member)
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
