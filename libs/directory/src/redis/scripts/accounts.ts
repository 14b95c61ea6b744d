/** An account's own steps, in its slot, and its namespace's, in that one's. */
import type { Script } from "@ams/store";
import { CREDENTIAL_LUA, HELD_SLOT_LUA, KEY_LUA } from "./script.ts";

/**
 * Writes an account that will end by itself unless it is kept. After the other arguments come its
 * plan and limits by name.
 */
export const writeAccount: Script = {
  name: "amsWriteAccount",
  keys: 2,
  lua: `
local record, credentials = unpack(KEYS)
local json, credential, ttlS = unpack(ARGV)
redis.call('HSET', record, 'record', json, unpack(ARGV, 4))
redis.call('HSET', credentials, credential, '0 1 0 1')
redis.call('EXPIRE', record, ttlS)
redis.call('EXPIRE', credentials, ttlS)
return 1
`,
};

/** Keeps a new account permanently. Replies 0 when it has ended meanwhile. */
export const keepAccount: Script = {
  name: "amsKeepAccount",
  keys: 2,
  lua: `
if redis.call('EXISTS', KEYS[1], KEYS[2]) < 2 then return 0 end
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[2])
return 1
`,
};

/** Keeps a namespace permanently, if it is still this account's. */
export const keepNamespace: Script = {
  name: "amsKeepNamespace",
  keys: 1,
  lua: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PERSIST', KEYS[1])
return 1
`,
};

/**
 * The account's record and the limits named, after the hashes of the credentials that this use has
 * ended, if one of its credentials is this and is live. Replies nil when not.
 */
export const checkCredential: Script = {
  name: "amsCheckCredential",
  keys: 3,
  lua: `${CREDENTIAL_LUA}${KEY_LUA}
local record, credentials, keys = unpack(KEYS)
local shown, ended = useCredential(credentials, ARGV[1], ARGV[2])
local scopes, id = 'full', ''
if not shown then
  shown = useKey(keys, ARGV[1], ARGV[2])
  if not shown then return false end
  scopes, id = shown.scopes, shown.id
end
return { ended, redis.call('HMGET', record, 'record', unpack(ARGV, 3)), scopes, id }
`,
};

/**
 * Adds a credential; the others end after the grace, or sooner if they were to. Past the greatest
 * number of them the oldest that was never used ends, else the oldest. With `endsKeys` the
 * account's keys end too. Replies nil when there is no account, else [those that have ended, those
 * that will, each followed by when].
 */
export const rotateCredential: Script = {
  name: "amsRotateCredential",
  keys: 3,
  lua: `${CREDENTIAL_LUA}
local record, credentials, keys = unpack(KEYS)
local credential, nowText, graceMs, untilUsed, endsKeys, most = unpack(ARGV)
local now = tonumber(nowText)
local graceEnds = now + tonumber(graceMs)
if redis.call('EXISTS', record) == 0 then return false end
local others, newest = {}, 0
local all = redis.call('HGETALL', credentials)
for index = 1, #all, 2 do
  local one = readCredential(all[index + 1]) or { ends = now, number = 0, used = false }
  one.hash = all[index]
  newest = math.max(newest, one.number)
  if one.ends == 0 or one.ends > graceEnds then one.ends = graceEnds end
  one.yields = untilUsed == '1'
  others[#others + 1] = one
end
-- The first of them are kept.
table.sort(others, function(a, b)
  if a.used ~= b.used then return a.used == true end
  return a.number > b.number
end)
local ended, ending = {}, {}
for _, one in ipairs(others) do
  if one.ends <= now or #ending / 2 >= tonumber(most) - 1 then
    redis.call('HDEL', credentials, one.hash)
    ended[#ended + 1] = one.hash
  else
    redis.call('HSET', credentials, one.hash, writeCredential(one))
    ending[#ending + 1] = one.hash
    ending[#ending + 1] = string.format('%.0f', one.ends)
  end
end
if endsKeys == '1' then
  for _, hash in ipairs(redis.call('HKEYS', keys)) do ended[#ended + 1] = hash end
  redis.call('DEL', keys)
end
redis.call('HSET', credentials, credential,
  writeCredential({ ends = 0, number = newest + 1, yields = false, used = #ending == 0 }))
return { ended, ending }
`,
};

/**
 * The hashes of the account's live credentials and keys, each followed by when it ends. Replies nil
 * when there is no account.
 */
export const listCredentials: Script = {
  name: "amsListCredentials",
  keys: 3,
  lua: `${CREDENTIAL_LUA}
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local live = {}
local all = redis.call('HGETALL', KEYS[2])
for index = 1, #all, 2 do
  local one = readCredential(all[index + 1])
  if one and (one.ends == 0 or one.ends > tonumber(ARGV[1])) then
    live[#live + 1] = all[index]
    live[#live + 1] = string.format('%.0f', one.ends)
  end
end
local keys = redis.call('HGETALL', KEYS[3])
for index = 1, #keys, 2 do
  local ends = string.match(keys[index + 1], '^%d+')
  if ends and (ends == '0' or tonumber(ends) > tonumber(ARGV[1])) then
    live[#live + 1] = keys[index]
    live[#live + 1] = ends
  end
end
return live
`,
};

/** Sets fields of an account's record by name: its plan, its limits. Replies 0 without it. */
export const setFields: Script = {
  name: "amsSetFields",
  keys: 1,
  lua: `
if redis.call('HEXISTS', KEYS[1], 'record') == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
`,
};

/** Marks a namespace as that of an account that is going: nobody mints there from now on. */
export const markDeleted: Script = {
  name: "amsMarkDeleted",
  keys: 1,
  frees: true,
  lua: `
redis.call('SET', KEYS[1], ARGV[1])
return 1
`,
};

/**
 * Removes an account with its quota slots. Replies the hashes of its credentials, and what its
 * quota slots are in indexes.
 */
export const deleteAccount: Script = {
  name: "amsDeleteAccount",
  frees: true,
  keys: 10,
  lua: `${HELD_SLOT_LUA}
local record, credentials, keys, _, streams, guests = unpack(KEYS)
local account = ARGV[1]
local indexed = {}
local function free(kind, slots)
  local all = redis.call('HGETALL', slots)
  for index = 1, #all, 2 do
    for _, holder in ipairs(holders(all[index + 1])) do
      indexed[#indexed + 1] = holder.gateway
      indexed[#indexed + 1] = heldSlot(kind, account, all[index], holder.connection)
    end
  end
end
free('stream', streams)
free('guest', guests)
local hashes = redis.call('HKEYS', credentials)
for _, hash in ipairs(redis.call('HKEYS', keys)) do hashes[#hashes + 1] = hash end
redis.call('DEL', unpack(KEYS))
return { hashes, indexed }
`,
};

/**
 * Puts a conversation on its owner's list before it is made. Replies 1, `gone` (the account) or
 * `full`.
 */
export const list: Script = {
  name: "amsList",
  keys: 2,
  lua: `
local owner, conversations = unpack(KEYS)
local listing, max = unpack(ARGV)
if string.find(redis.call('GET', owner) or '', ' deleted', 1, true) then return 'gone' end
if max ~= '' and not redis.call('ZSCORE', conversations, listing)
  and redis.call('ZCARD', conversations) >= tonumber(max) then return 'full' end
redis.call('ZADD', conversations, 0, listing)
return 1
`,
};

/**
 * Gives a canonical conversation this registration, `<alias> <generation>`, unless it has one.
 * Replies the one that it has, and the counters that no deleted canonical conversation of the
 * namespace has passed: [registration, claims, links].
 */
export const registerCanonical: Script = {
  name: "amsRegisterCanonical",
  keys: 1,
  lua: `
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
local stored = redis.call('HMGET', KEYS[1], ARGV[1], 'claims_floor', 'links_floor')
return { stored[1], stored[2] or '0', stored[3] or '0' }
`,
};

/**
 * Forgets a canonical conversation's registration, if it is this one, and raises the floors to its
 * counters.
 */
export const forgetCanonical: Script = {
  name: "amsForgetCanonical",
  frees: true,
  keys: 1,
  lua: `
local canonical = KEYS[1]
local id, registration, claims, links = unpack(ARGV)
local function raise(floor, to)
  if tonumber(to) > tonumber(redis.call('HGET', canonical, floor) or '0') then redis.call('HSET', canonical, floor, to) end
end
raise('claims_floor', claims)
raise('links_floor', links)
if redis.call('HGET', canonical, id) ~= registration then return 0 end
return redis.call('HDEL', canonical, id)
`,
};
