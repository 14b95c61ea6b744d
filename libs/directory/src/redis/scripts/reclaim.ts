/**
 * Puts a stream back under its earlier epoch, unless somebody else took it. Replies a fault's
 * name or [entry, what the old one is in its index]. An entry of an earlier claim means that the
 * store has forgotten this one: the later claim holds the stream.
 */
import type { Script } from "@ams/store";
import { STREAM_EVENT_LUA } from "./outbox.ts";
import { ENTRY_LUA, HELD_STREAM_LUA, LINK_LUA } from "./script.ts";

export const reclaim: Script = {
  name: "amsReclaim",
  keys: 9,
  lua: `${ENTRY_LUA}${HELD_STREAM_LUA}${LINK_LUA}
local record, links, uses, roster, joined, departed, held, outboxes, outbox = unpack(KEYS)
${STREAM_EVENT_LUA}local publish, channel, where, generation, name, entry = unpack(ARGV)

local stored = redis.call('HMGET', record, 'generation', 'max_joins', 'claims', 'left_at', 'departed_floor')
if stored[1] ~= generation then return 'conversation_not_found' end
local head, peer, metadata = open(entry)
local claims = tonumber(stored[3]) or 0

-- After the store has forgotten claims, an epoch may have been given out twice.
local function isUsed()
  local epoch = int(head.epoch)
  for _, last in ipairs(redis.call('HVALS', departed)) do
    if string.match(last, '%d+') == epoch then return true end
  end
  for _, other in ipairs(redis.call('HVALS', roster)) do
    if string.find(other, ',"epoch":' .. epoch .. ',', 1, true) then return true end
  end
  return false
end

local displaced, indexed = 'null', {}
local oldEntry = redis.call('HGET', roster, name)
local old = oldEntry and open(oldEntry)
if old and old.connection ~= head.connection and old.epoch >= head.epoch then return 'displaced' end
if not old then
  local left = tonumber(string.match(redis.call('HGET', departed, name) or '', '%d+'))
  if left and left > head.epoch then return 'displaced' end
  if not left then
    if (tonumber(stored[5]) or 0) >= head.epoch then return 'claim_forgotten' end
    if claims >= head.epoch and isUsed() then return 'claim_forgotten' end
  end
  if tonumber(stored[2]) then redis.call('SADD', joined, head.stream_id) end
  local link = int(head.link)
  local shown = redis.call('HGET', links, link)
  if shown and linkMax(shown) > 0 then countUse(uses, link, shown, head.stream_id, 0) end
  redis.call('HDEL', departed, name)
  if stored[4] and stored[4] > head.joined_at then
    head.joined_at = stored[4]
    entry = close(head, peer, metadata)
  end
else
  if old.gateway ~= head.gateway or old.connection ~= head.connection then
    indexed = { old.gateway, heldStream(where, name, old.connection) }
  end
  if old.connection ~= head.connection then
    displaced = '{"gateway":' .. cjson.encode(old.gateway) .. ',"connection":' .. cjson.encode(old.connection)
      .. ',"epoch":' .. int(old.epoch) .. '}'
  end
end
if claims < head.epoch then redis.call('HSET', record, 'claims', int(head.epoch)) end
redis.call('HSET', roster, name, entry)
redis.call('SADD', held, heldStream(where, name, head.connection))
if not old or displaced ~= 'null' then
  redis.call(publish, channel, '{"kind":"claimed","entry":' .. entry .. ',"displaced":' .. displaced .. '}')
end
if not old then joinedEvent(redis.call('HGET', record, 'opted_in'), where, head) end
return { entry, indexed }
`,
};
