/** Keys of an account, and its log of events, in its slot. */
import type { Script } from "@ams/store";

/**
 * Adds a key. When there are as many as there may be, those that have expired end first. Replies
 * [`made`, `full` or `gone` (the account), the hashes of those that ended].
 */
export const createKey: Script = {
  name: "amsCreateKey",
  keys: 2,
  lua: `
local record, keys = unpack(KEYS)
local credential, key, most, now = unpack(ARGV)
if redis.call('EXISTS', record) == 0 then return { 'gone', {} } end
local ended = {}
if redis.call('HLEN', keys) >= tonumber(most) then
  local all = redis.call('HGETALL', keys)
  for index = 1, #all, 2 do
    local ends = tonumber(string.match(all[index + 1], '^%d+'))
    if ends ~= 0 and ends <= tonumber(now) then
      redis.call('HDEL', keys, all[index])
      ended[#ended + 1] = all[index]
    end
  end
end
if redis.call('HLEN', keys) >= tonumber(most) then return { 'full', ended } end
redis.call('HSET', keys, credential, key)
return { 'made', ended }
`,
};

/** Ends the key of this id. Replies its credential hash, or nil. */
export const revokeKey: Script = {
  name: "amsRevokeKey",
  frees: true,
  keys: 1,
  lua: `
local all = redis.call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  if string.match(all[index + 1], '^%d+ %d+ %S+ (%S+) ') == ARGV[1] then
    redis.call('HDEL', KEYS[1], all[index])
    return all[index]
  end
end
return false
`,
};

/** Adds to the log of an account that exists; about the latest are kept. */
export const recordEvent: Script = {
  name: "amsRecordEvent",
  frees: true,
  keys: 2,
  lua: `
local record, events = unpack(KEYS)
local json, most = unpack(ARGV)
if redis.call('EXISTS', record) == 0 then return 0 end
redis.call('XADD', events, 'MAXLEN', '~', most, '*', 'event', json)
return 1
`,
};
