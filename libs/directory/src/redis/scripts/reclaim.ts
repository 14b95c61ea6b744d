/** Puts a stream back under the epoch that it had, unless somebody else took it. Replies `displaced`, `conversation_not_found` or the entry. */
import { ENTRY_LUA, HELD_STREAM_LUA, type Script } from "./script.ts";

export const reclaim: Script = {
  name: "amsReclaim",
  keys: 5,
  lua: `${ENTRY_LUA}${HELD_STREAM_LUA}
local record, roster, joined, departed, held = unpack(KEYS)
local publish, channel, heldPrefix, where, conversation, name, entry = unpack(ARGV)

local stored = redis.call('HMGET', record, 'id', 'max_joins', 'claims', 'left_at')
if stored[1] ~= conversation then return 'conversation_not_found' end
local head, peer, metadata = open(entry)
local oldEntry = redis.call('HGET', roster, name)
if oldEntry then
  local old = open(oldEntry)
  if old.connection ~= head.connection then return 'displaced' end
  redis.call('SREM', heldPrefix .. old.gateway, heldStream(where, name, old.connection))
else
  local left = tonumber(redis.call('ZSCORE', departed, name) or '0')
  if left > head.epoch then return 'displaced' end
  if (tonumber(stored[3]) or 0) < head.epoch then redis.call('HSET', record, 'claims', int(head.epoch)) end
  if tonumber(stored[2]) then redis.call('SADD', joined, head.stream_id) end
  redis.call('ZREM', departed, name)
  if stored[4] and stored[4] > head.joined_at then
    head.joined_at = stored[4]
    entry = close(head, peer, metadata)
  end
end
redis.call('HSET', roster, name, entry)
redis.call('SADD', held, heldStream(where, name, head.connection))
if not oldEntry then
  redis.call(publish, channel, '{"kind":"claimed","entry":' .. entry .. ',"displaced":null}')
end
return entry
`,
};
