/**
 * The one key of a log in Redis, beside the channel and so in its slot.
 *
 * | key | type | holds | ends |
 * |---|---|---|---|
 * | `<channel>:log` | stream | kept batches | entry: age, bytes; key: delete, `IDLE_S` after all |
 *
 * Field `b` of an entry is the batch. `max-deleted-entry-id` of the stream is the last entry that
 * was removed, by which a reader learns that something is missing.
 */
import type { Script } from "@ams/store";

export const FIELD = "b";

/** Seconds for which an empty log remains known: long enough that clocks don't matter. */
const IDLE_S = 60;

/** Bytes of the oldest entries that one step removes are read first: so many entries at a time. */
const TRIM_CHUNK = 16;

/** Entries that one step removes for their bytes, at most: some milliseconds of Redis. */
const TRIM_ENTRIES_MAX = 4_096;

/** Times that the size is looked at in one step. */
const TRIM_ROUNDS = 12;

/** Nodes of the stream that are looked at for its size: all of a log of some MiB. */
const SAMPLES = 1_000;

export function keyOf(channel: string): string {
  return `${channel}:log`;
}

const INFO_LUA = `
local function info(key)
  local reply, found = redis.call('XINFO', 'STREAM', key), {}
  for index = 1, #reply, 2 do found[reply[index]] = reply[index + 1] end
  return found['last-generated-id'], found['entries-added'], found['max-deleted-entry-id']
end
`;

const CREATE_LUA = `
local function create(key, ttlS)
  redis.call('XGROUP', 'CREATE', key, 'x', '$', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', key, 'x')
  redis.call('EXPIRE', key, ttlS + ${IDLE_S})
end
`;

/** Replies the last id that was given, `0-0` for none; the clock in ms; the last id removed. */
export const readState: Script = {
  name: "amsLogState",
  keys: 1,
  lua: `${INFO_LUA}
local time = redis.call('TIME')
local ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
if redis.call('EXISTS', KEYS[1]) == 0 then return { '0-0', ms, '0-0' } end
local last, _, removed = info(KEYS[1])
return { last, ms, removed }
`,
};

/** Removes what is too old or too much, and announces how far the log has come. */
export const trimAndMark: Script = {
  name: "amsLogMark",
  keys: 1,
  frees: true,
  lua: `${INFO_LUA}${CREATE_LUA}
local key = KEYS[1]
local publish, channel, ttlS, maxBytes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('EXISTS', key) == 0 then create(key, ttlS) end
redis.call('EXPIRE', key, ttlS + ${IDLE_S})
local removed

local function removeTo(id)
  local ms, seq = string.match(id, '(%d+)-(%d+)')
  redis.call('XTRIM', key, 'MINID', ms .. '-' .. string.format('%.0f', seq + 1))
  removed = id
end

local time = redis.call('TIME')
local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - ttlS * 1000
local aged = redis.call('XREVRANGE', key, string.format('%.0f', oldest), '-', 'COUNT', 1)
if aged[1] then removeTo(aged[1][1]) end

local function excess() return (redis.call('MEMORY', 'USAGE', key, 'SAMPLES', ${SAMPLES}) or 0) - maxBytes end

-- The oldest entries with so many bytes. Replies how many there were.
local function removeOldest(bytes)
  local looked, from, last = 0, '-', nil
  while bytes > 0 and looked < ${TRIM_ENTRIES_MAX} do
    local chunk = redis.call('XRANGE', key, from, '+', 'COUNT', ${TRIM_CHUNK})
    if #chunk == 0 then break end
    for _, entry in ipairs(chunk) do
      if bytes > 0 then
        last = entry[1]
        bytes = bytes - #entry[2][2]
      end
    end
    looked = looked + #chunk
    from = '(' .. chunk[#chunk][1]
  end
  if last then removeTo(last) end
end

-- Memory is more than the entries' own bytes, so half of the excess goes at a time.
for _ = 1, ${TRIM_ROUNDS} do
  local bytes = excess()
  if bytes <= 0 then break end
  removeOldest(math.ceil(bytes / 2))
end

local id, added = info(key)
if removed then
  redis.call('XSETID', key, id, 'ENTRIESADDED', added, 'MAXDELETEDID', removed)
end
local ms, seq = string.match(id, '(%d+)-(%d+)')
redis.call(publish, channel, '{"kind":"kept","ms":' .. ms .. ',"seq":' .. seq
  .. ',"added":' .. string.format('%.0f', added) .. '}')
return added
`,
};

export const SCRIPTS: readonly Script[] = [readState, trimAndMark];
