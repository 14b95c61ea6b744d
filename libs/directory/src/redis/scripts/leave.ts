/**
 * Removes a stream that this connection holds and announces `left`. Replies what it is in its
 * gateway's index, or 0; it is taken out of the index that is given. A sweeper names the dead
 * gateway too: a stream that its gateway has claimed again under a new name is then left alone.
 */
import type { Script } from "@ams/store";
import { STREAM_EVENT_LUA } from "./outbox.ts";
import { ENTRY_LUA, HELD_STREAM_LUA } from "./script.ts";

export const leave: Script = {
  name: "amsLeave",
  frees: true,
  keys: 6,
  lua: `${ENTRY_LUA}${HELD_STREAM_LUA}
local record, roster, departed, held, outboxes, outbox = unpack(KEYS)
${STREAM_EVENT_LUA}local publish, channel, where, name, connection, n, ts, sweptGateway, departedMax, departedTtl = unpack(ARGV)

-- Drops the earlier half. Of a claim up to the floor it is then not known any more whether a later one followed it.
local function forget(order)
  local all, floor = redis.call('HGETALL', departed), tonumber(redis.call('HGET', record, 'departed_floor')) or 0
  for index = 1, #all, 2 do
    local epoch, at = string.match(all[index + 1], '(%d+) (%d+)')
    if tonumber(at) <= order - tonumber(departedMax) then
      redis.call('HDEL', departed, all[index])
      floor = math.max(floor, tonumber(epoch))
    end
  end
  redis.call('HSET', record, 'departed_floor', int(floor))
end

redis.call('SREM', held, heldStream(where, name, connection))
local entry = redis.call('HGET', roster, name)
if not entry then return 0 end
local head = open(entry)
if head.connection ~= connection then return 0 end
if sweptGateway ~= '' and head.gateway ~= sweptGateway then return 0 end
redis.call('HDEL', roster, name)
local order = redis.call('HINCRBY', record, 'departures', 1)
redis.call('HSET', departed, name, int(head.epoch) .. ' ' .. int(order))
if redis.call('HLEN', departed) > 2 * tonumber(departedMax) then forget(order) end
redis.call('EXPIRE', departed, departedTtl)
if ts > (redis.call('HGET', record, 'left_at') or '') then redis.call('HSET', record, 'left_at', ts) end
redis.call(publish, channel, '{"kind":"left","stream_id":' .. cjson.encode(head.stream_id)
  .. ',"epoch":' .. int(head.epoch) .. ',"n":' .. n .. ',"ts":' .. cjson.encode(ts) .. '}')
leftEvent(redis.call('HGET', record, 'opted_in'), where, head)
return { head.gateway, heldStream(where, name, connection) }
`,
};
