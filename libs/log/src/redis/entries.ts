/**
 * The first of the two keys of a log in Redis, beside the channel and so in its slot.
 *
 * | key | type | holds | ends |
 * |---|---|---|---|
 * | `<channel>:log` | stream | kept batches | entry: age, bytes; key: delete, `IDLE_S` after all |
 *
 * Field `b` of an entry is the batch. `max-deleted-entry-id` of the stream is the last entry that
 * was removed, by which a reader learns that something is missing.
 */
import type { Script } from "@ams/store";
import { SIZE_LUA } from "./size.ts";

export const FIELD = "b";

/** Seconds for which an empty log remains known: long enough that clocks don't matter. */
const IDLE_S = 60;

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
local function create(key, sizeKey)
  redis.call('XGROUP', 'CREATE', key, 'x', '$', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', key, 'x')
  redis.call('DEL', sizeKey)
end
`;

/**
 * Keeps and publishes a batch; publishes nothing when it can't be kept. One key; arguments: how to
 * publish, channel, batch. Sent with its text each time: a script that Redis has forgotten would be
 * sent again after what was emitted later.
 */
export const KEEP_LUA = `
redis.call('XADD', KEYS[1], '*', '${FIELD}', ARGV[3])
redis.call(ARGV[1], ARGV[2], ARGV[3])
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

/**
 * Removes what is too old or too much, and announces how far the log has come. Replies 1 when there
 * is more to remove or to count: then it is to be called again, and announces nothing yet.
 */
export const trimAndMark: Script = {
  name: "amsLogMark",
  keys: 2,
  frees: true,
  lua: `${INFO_LUA}${CREATE_LUA}${SIZE_LUA}
local key, sizeKey = KEYS[1], KEYS[2]
local publish, channel, ttlS, maxBytes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('EXISTS', key) == 0 then create(key, sizeKey) end

local time = redis.call('TIME')
local oldestMs = time[1] * 1000 + math.floor(time[2] / 1000) - ttlS * 1000
local isDone, removed = fit(key, sizeKey, oldestMs, maxBytes)
local id, added = info(key)
if removed then
  redis.call('XSETID', key, id, 'ENTRIESADDED', added, 'MAXDELETEDID', removed)
end
for _, one in ipairs(KEYS) do redis.call('EXPIRE', one, ttlS + ${IDLE_S}) end
if not isDone then return 1 end
local ms, seq = string.match(id, '(%d+)-(%d+)')
redis.call(publish, channel, '{"kind":"kept","ms":' .. ms .. ',"seq":' .. seq
  .. ',"added":' .. string.format('%.0f', added) .. '}')
return 0
`,
};

export const SCRIPTS: readonly Script[] = [readState, trimAndMark];
