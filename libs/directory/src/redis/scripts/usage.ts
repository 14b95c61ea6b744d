/** What accounts have used: an account's own step, in its slot. */
import type { Script } from "@ams/store";
import { SOURCE_KEPT_HOURS, USAGE_KEPT_HOURS } from "../../usage.ts";

/**
 * Adds counts to an hour, if this source has not handed in this number yet. An hour is the counts
 * in the order of `USAGE_COUNTS` after the peak of streams; a source is `<its last number> <hour>
 * <Unix ms> <rates>`. A new hour removes those that are too old.
 */
export const handIn: Script = {
  name: "amsHandIn",
  keys: 4,
  lua: `
local record, usage, sources, slots = unpack(KEYS)
local source, seq, hour, now, frames, bytes, deliveries = unpack(ARGV)
if redis.call('EXISTS', record) == 0 then return 0 end
local last = string.match(redis.call('HGET', sources, source) or '', '^%d+')
if last and tonumber(last) >= tonumber(seq) then return 0 end
local function olderThan(key, hours, hourOf)
  local all = redis.call('HGETALL', key)
  for index = 1, #all, 2 do
    local at = tonumber(hourOf(all[index], all[index + 1]))
    if not at or at < tonumber(hour) - hours then redis.call('HDEL', key, all[index]) end
  end
end
local old = redis.call('HGET', usage, hour)
if not old then
  olderThan(usage, ${USAGE_KEPT_HOURS}, function(field) return field end)
  olderThan(sources, ${SOURCE_KEPT_HOURS}, function(_, value) return string.match(value, '^%d+ (%d+)') end)
end
local had = string.gmatch(old or '', '%d+')
local peak = math.max(tonumber(had() or '0'), redis.call('HLEN', slots))
local sums = { string.format('%.0f', peak) }
for index = 8, #ARGV do
  sums[#sums + 1] = string.format('%.0f', tonumber(had() or '0') + tonumber(ARGV[index]))
end
redis.call('HSET', usage, hour, table.concat(sums, ' '))
redis.call('HSET', sources, source, table.concat({ seq, hour, now, frames, bytes, deliveries }, ' '))
return 1
`,
};
