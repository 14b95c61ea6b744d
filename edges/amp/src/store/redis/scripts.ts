/**
 * The named scripts. Each has one key: the prefix of its partition, such as `amp:{p17}:`, so that
 * it touches one slot. The keys below it:
 *
 * | key | what |
 * |---|---|
 * | `kv:<key>` | a value |
 * | `list:<key>` | a sorted list |
 * | `rate:<name>` | a counter of a window |
 * | `agent:<id>` | an agent's record |
 * | `address:<address>` | the agent's id, or `-` while the address is held |
 * | `short:<tenant>:<name>` | agents of that name: id, address |
 * | `fingerprint:<tenant>:<fingerprint>` | the agent's id |
 * | `tenant:<tenant>` | its agents: address, what lists show |
 * | `queue:<id>`, `expiry:<id>`, `n:<id>` | the queue by n, its expiries, its counter |
 * | `msg:<agent>:<id>` | body, meta, n, queued at, expires at; marks |
 * | `presence:<id>` | processes with a socket, by the end of their lease |
 * | `receipts:<id>` | receipts for nobody there |
 * | `due`, `job:<job>` | jobs by time, and what they are |
 */
import type { Script } from "@ams/store";

/** Expired messages that one step removes: a step is short, and the next one goes on. */
const PURGE = `
local function purge(p, agent, now)
  local old = redis.call('ZRANGEBYSCORE', p .. 'expiry:' .. agent, '-inf', now, 'LIMIT', 0, 100)
  for _, id in ipairs(old) do
    redis.call('ZREM', p .. 'queue:' .. agent, id)
    redis.call('ZREM', p .. 'expiry:' .. agent, id)
    redis.call('HDEL', p .. 'msg:' .. agent .. ':' .. id, 'b')
  end
end
`;

export const CLAIM: Script = {
  name: "ampClaim",
  keys: 1,
  lua: `
local key = KEYS[1] .. 'kv:' .. ARGV[1]
local had = redis.call('GET', key)
if had then return had end
if ARGV[3] == '' then redis.call('SET', key, ARGV[2])
else redis.call('SET', key, ARGV[2], 'PX', ARGV[3]) end
return nil`,
};

export const SWAP: Script = {
  name: "ampSwap",
  keys: 1,
  frees: true,
  lua: `
local key = KEYS[1] .. 'kv:' .. ARGV[1]
if redis.call('GET', key) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('DEL', key)
elseif ARGV[4] == '' then redis.call('SET', key, ARGV[3])
else redis.call('SET', key, ARGV[3], 'PX', ARGV[4]) end
return 1`,
};

export const LIST: Script = {
  name: "ampList",
  keys: 1,
  lua: `
local key = KEYS[1] .. 'list:' .. ARGV[1]
redis.call('ZADD', key, ARGV[3], ARGV[2])
redis.call('ZREMRANGEBYRANK', key, 0, -1 - ARGV[4])
return 1`,
};

export const ENTER: Script = {
  name: "ampEnter",
  keys: 1,
  lua: `
local reply = {}
if ARGV[1] == '' then reply[1] = false else reply[1] = redis.call('GET', KEYS[1] .. ARGV[1]) end
for i = 2, #ARGV, 2 do
  local key = KEYS[1] .. 'rate:' .. ARGV[i]
  local count = redis.call('INCR', key)
  if count == 1 then redis.call('PEXPIRE', key, ARGV[i + 1]) end
  reply[#reply + 1] = count
end
return reply`,
};

/** id, tenant, name, address, fingerprint, record, member, agents at most */
export const REGISTER: Script = {
  name: "ampRegister",
  keys: 1,
  lua: `
local p = KEYS[1]
local id, tenant, name, address, fingerprint = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if redis.call('EXISTS', p .. 'address:' .. address) == 1 then return 'name_taken' end
local key = p .. 'fingerprint:' .. tenant .. ':' .. fingerprint
if redis.call('EXISTS', key) == 1 then return 'key_taken' end
if redis.call('HLEN', p .. 'tenant:' .. tenant) >= tonumber(ARGV[8]) then return 'limit' end
redis.call('SET', p .. 'agent:' .. id, ARGV[6])
redis.call('SET', p .. 'address:' .. address, id)
redis.call('SET', key, id)
redis.call('HSET', p .. 'short:' .. tenant .. ':' .. name, id, address)
redis.call('HSET', p .. 'tenant:' .. tenant, address, ARGV[7])
return 'registered'`,
};

/** id, before, after, tenant, address, member */
export const SAVE: Script = {
  name: "ampSave",
  keys: 1,
  frees: true,
  lua: `
local key = KEYS[1] .. 'agent:' .. ARGV[1]
if redis.call('GET', key) ~= ARGV[2] then return 0 end
redis.call('SET', key, ARGV[3])
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1] .. 'tenant:' .. ARGV[4], ARGV[5], ARGV[6]) end
return 1`,
};

/** id, tenant, from, to */
export const MOVE_KEY: Script = {
  name: "ampMoveKey",
  keys: 1,
  lua: `
local base = KEYS[1] .. 'fingerprint:' .. ARGV[2] .. ':'
local holder = redis.call('GET', base .. ARGV[4])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', base .. ARGV[4], ARGV[1])
if ARGV[3] ~= ARGV[4] and redis.call('GET', base .. ARGV[3]) == ARGV[1] then
  redis.call('DEL', base .. ARGV[3])
end
return 1`,
};

/** id, tenant, name, address, fingerprint, record, hold */
export const DEREGISTER: Script = {
  name: "ampDeregister",
  keys: 1,
  frees: true,
  lua: `
local p, id, tenant, address = KEYS[1], ARGV[1], ARGV[2], ARGV[4]
if redis.call('GET', p .. 'agent:' .. id) ~= ARGV[6] then return 0 end
redis.call('DEL', p .. 'agent:' .. id)
redis.call('SET', p .. 'address:' .. address, '-', 'PX', ARGV[7])
local key = p .. 'fingerprint:' .. tenant .. ':' .. ARGV[5]
if redis.call('GET', key) == id then redis.call('DEL', key) end
redis.call('HDEL', p .. 'short:' .. tenant .. ':' .. ARGV[3], id)
redis.call('HDEL', p .. 'tenant:' .. tenant, address)
return 1`,
};

export const WIPE: Script = {
  name: "ampWipe",
  keys: 1,
  frees: true,
  lua: `
local p, id = KEYS[1], ARGV[1]
local ids = redis.call('ZRANGE', p .. 'queue:' .. id, 0, 999)
for _, one in ipairs(ids) do
  redis.call('ZREM', p .. 'queue:' .. id, one)
  redis.call('ZREM', p .. 'expiry:' .. id, one)
  redis.call('HDEL', p .. 'msg:' .. id .. ':' .. one, 'b')
end
local left = redis.call('ZCARD', p .. 'queue:' .. id)
if left == 0 then
  redis.call('DEL', p .. 'presence:' .. id, p .. 'receipts:' .. id, p .. 'n:' .. id)
end
return left`,
};

/** tenant, address, name, now */
export const RESOLVE: Script = {
  name: "ampResolve",
  keys: 1,
  lua: `
local p = KEYS[1]
local id = redis.call('GET', p .. 'address:' .. ARGV[2])
if not id then
  local found = redis.call('HKEYS', p .. 'short:' .. ARGV[1] .. ':' .. ARGV[3])
  if #found ~= 1 then return nil end
  id = found[1]
end
local record = redis.call('GET', p .. 'agent:' .. id)
if not record then return nil end
local there = redis.call('ZRANGEBYSCORE', p .. 'presence:' .. id, '(' .. ARGV[4], '+inf')
return { id, record, there }`,
};

/** agent, id, now, body, meta, expires, remember ms, queue max, rate max, job, job at, job value */
export const ACCEPT: Script = {
  name: "ampAccept",
  keys: 1,
  lua: `${PURGE}
local p, agent, id, now = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', p .. 'agent:' .. agent) == 0 then return { 'gone', 0 } end
local msg = p .. 'msg:' .. agent .. ':' .. id
if redis.call('EXISTS', msg) == 1 then return { 'seen', 0 } end
if ARGV[9] ~= '0' then
  local rate = p .. 'rate:received:' .. agent .. ':' .. math.floor(tonumber(now) / 60000)
  local count = redis.call('INCR', rate)
  if count == 1 then redis.call('PEXPIRE', rate, 60000) end
  if count > tonumber(ARGV[9]) then return { 'rate', 0 } end
end
purge(p, agent, now)
if redis.call('ZCARD', p .. 'queue:' .. agent) >= tonumber(ARGV[8]) then return { 'full', 0 } end
local n = redis.call('INCR', p .. 'n:' .. agent)
redis.call('HSET', msg, 'b', ARGV[4], 'm', ARGV[5], 'n', n, 'q', now, 'x', ARGV[6])
redis.call('PEXPIRE', msg, ARGV[7])
redis.call('ZADD', p .. 'queue:' .. agent, n, id)
redis.call('ZADD', p .. 'expiry:' .. agent, ARGV[6], id)
if ARGV[10] ~= '' then
  redis.call('SET', p .. 'job:' .. ARGV[10], ARGV[12])
  redis.call('ZADD', p .. 'due', ARGV[11], ARGV[10])
end
return { 'accepted', n }`,
};

/** agent, now, method, ids… */
export const ACK: Script = {
  name: "ampAck",
  keys: 1,
  frees: true,
  lua: `
local p, agent, now = KEYS[1], ARGV[1], tonumber(ARGV[2])
local reply = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local expires = redis.call('ZSCORE', p .. 'expiry:' .. agent, id)
  if expires and tonumber(expires) > now then
    local msg = p .. 'msg:' .. agent .. ':' .. id
    redis.call('ZREM', p .. 'queue:' .. agent, id)
    redis.call('ZREM', p .. 'expiry:' .. agent, id)
    redis.call('HDEL', msg, 'b')
    local meta = redis.call('HGET', msg, 'm')
    local first = meta and redis.call('HSETNX', msg, 'd', ARGV[3]) or 0
    reply[#reply + 1] = { id, first, meta or '' }
  end
end
return reply`,
};

/** agent, after n, limit, bytes, now */
export const PENDING: Script = {
  name: "ampPending",
  keys: 1,
  frees: true,
  lua: `${PURGE}
local p, agent, now = KEYS[1], ARGV[1], tonumber(ARGV[5])
purge(p, agent, ARGV[5])
local queue = p .. 'queue:' .. agent
local found = {}
local bytes, at, limit = 0, 0, tonumber(ARGV[3])
local from = '(' .. ARGV[2]
local ids = redis.call('ZRANGEBYSCORE', queue, from, '+inf', 'LIMIT', 0, limit)
for _, id in ipairs(ids) do
  local row = redis.call('HMGET', p .. 'msg:' .. agent .. ':' .. id, 'n', 'b', 'q', 'x')
  if row[2] and tonumber(row[4]) > now then
    bytes = bytes + #row[2]
    if #found > 0 and bytes > tonumber(ARGV[4]) then break end
    found[#found + 1] = { id, row[1], row[2], row[3], row[4] }
  end
end
local count = redis.call('ZCOUNT', queue, from, '+inf')
if count > 0 then
  local expired = redis.call('ZCOUNT', p .. 'expiry:' .. agent, '-inf', ARGV[5])
  count = math.max(#found, count - expired)
end
return { count, found }`,
};

export const DEPTH: Script = {
  name: "ampDepth",
  keys: 1,
  frees: true,
  lua: `${PURGE}
local p, agent = KEYS[1], ARGV[1]
purge(p, agent, ARGV[2])
local count = redis.call('ZCOUNT', p .. 'expiry:' .. agent, '(' .. ARGV[2], '+inf')
local first = redis.call('ZRANGE', p .. 'queue:' .. agent, 0, 0)[1]
if not first then return { count, '' } end
return { count, redis.call('HGET', p .. 'msg:' .. agent .. ':' .. first, 'q') or '' }`,
};

export const MARK: Script = {
  name: "ampMark",
  keys: 1,
  lua: `
local msg = KEYS[1] .. 'msg:' .. ARGV[1] .. ':' .. ARGV[2]
local meta = redis.call('HGET', msg, 'm')
if not meta then return nil end
return { redis.call('HSETNX', msg, ARGV[3], ARGV[4]), meta }`,
};

/** agent, process, until, now */
export const HERE: Script = {
  name: "ampHere",
  keys: 1,
  lua: `
local key = KEYS[1] .. 'presence:' .. ARGV[1]
redis.call('ZADD', key, ARGV[3], ARGV[2])
redis.call('PEXPIREAT', key, ARGV[3])
return 1`,
};

export const KEEP_RECEIPT: Script = {
  name: "ampKeepReceipt",
  keys: 1,
  lua: `
local key = KEYS[1] .. 'receipts:' .. ARGV[1]
redis.call('RPUSH', key, ARGV[2])
redis.call('LTRIM', key, -ARGV[3], -1)
redis.call('PEXPIRE', key, ARGV[4])
return 1`,
};

export const TAKE_RECEIPTS: Script = {
  name: "ampTakeReceipts",
  keys: 1,
  frees: true,
  lua: `
local key = KEYS[1] .. 'receipts:' .. ARGV[1]
local all = redis.call('LRANGE', key, 0, -1)
redis.call('DEL', key)
return all`,
};

export const SCHEDULE: Script = {
  name: "ampSchedule",
  keys: 1,
  lua: `
redis.call('SET', KEYS[1] .. 'job:' .. ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[1] .. 'due', ARGV[2], ARGV[1])
return 1`,
};

export const FINISH: Script = {
  name: "ampFinish",
  keys: 1,
  frees: true,
  lua: `
redis.call('DEL', KEYS[1] .. 'job:' .. ARGV[1])
return redis.call('ZREM', KEYS[1] .. 'due', ARGV[1])`,
};

/** now, leased until, limit */
export const DUE: Script = {
  name: "ampDue",
  keys: 1,
  lua: `
local p = KEYS[1]
local ids = redis.call('ZRANGEBYSCORE', p .. 'due', '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
local reply = {}
for _, id in ipairs(ids) do
  local value = redis.call('GET', p .. 'job:' .. id)
  if value then
    redis.call('ZADD', p .. 'due', ARGV[2], id)
    reply[#reply + 1] = { id, value }
  else redis.call('ZREM', p .. 'due', id) end
end
return reply`,
};

export const SCRIPTS: readonly Script[] = [
  CLAIM,
  SWAP,
  LIST,
  ENTER,
  REGISTER,
  SAVE,
  MOVE_KEY,
  DEREGISTER,
  WIPE,
  RESOLVE,
  ACCEPT,
  ACK,
  PENDING,
  DEPTH,
  MARK,
  HERE,
  KEEP_RECEIPT,
  TAKE_RECEIPTS,
  SCHEDULE,
  FINISH,
  DUE,
];
