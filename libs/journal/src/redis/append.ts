/** The script that appends: everything is decided before anything is written. */
import type { Script } from "@ams/store";

/**
 * KEYS entries, meta, keys. ARGV expected head or `any`, at, new epoch, known head, known epoch,
 * channel, PUBLISH or SPUBLISH, then kind, key and bytes of each entry.
 */
export const APPEND: Script = {
  name: "amsJournalAppend",
  keys: 3,
  lua: `
local meta = redis.call('HMGET', KEYS[2], 'head', 'at', 'epoch')
local head = tonumber(meta[1] or '0')
local epoch = meta[3] or ''
local known = tonumber(ARGV[4])
if head < known or (known > 0 and epoch ~= ARGV[5]) then
  return {'regressed', tostring(head)}
end
for i = 8, #ARGV, 3 do
  if ARGV[i + 1] ~= '' then
    local seq = redis.call('HGET', KEYS[3], ARGV[i + 1])
    if seq then
      -- A write, so that this connection waits for the durability of what another one appended.
      redis.call('HSET', KEYS[2], 'head', meta[1])
      return {'duplicate', ARGV[i + 1], seq}
    end
  end
end
if ARGV[1] ~= 'any' and tonumber(ARGV[1]) ~= head then
  return {'conflict', tostring(head)}
end
local at = math.max(tonumber(ARGV[2]), tonumber(meta[2] or '0'))
if epoch == '' then epoch = ARGV[3] end
local seq = head
for i = 8, #ARGV, 3 do
  local id = string.format('%.0f-0', seq + 1)
  redis.call('XADD', KEYS[1], id, 'k', ARGV[i], 'u', ARGV[i + 1], 'b', ARGV[i + 2],
    'at', string.format('%.0f', at))
  if ARGV[i + 1] ~= '' then
    redis.call('HSET', KEYS[3], ARGV[i + 1], string.format('%.0f', seq))
  end
  seq = seq + 1
end
local after = string.format('%.0f', seq)
redis.call('HSET', KEYS[2], 'head', after, 'at', string.format('%.0f', at), 'epoch', epoch)
redis.call(ARGV[7], ARGV[6], after)
return {'ok', string.format('%.0f', head), after, string.format('%.0f', at), epoch}
`,
};
