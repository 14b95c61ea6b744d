/**
 * Removes a stream that this connection holds and announces `left`. Replies 1 when it did. A sweeper names the
 * dead gateway too: a stream that its gateway has claimed again under a new name is then left alone.
 */
import { ENTRY_LUA, HELD_STREAM_LUA, type Script } from "./script.ts";

export const leave: Script = {
  name: "amsLeave",
  keys: 3,
  lua: `${ENTRY_LUA}${HELD_STREAM_LUA}
local record, roster, departed = unpack(KEYS)
local publish, channel, heldPrefix, where, name, connection, n, ts, sweptGateway, departedMax, departedTtl = unpack(ARGV)

if sweptGateway ~= '' then
  redis.call('SREM', heldPrefix .. sweptGateway, heldStream(where, name, connection))
end
local entry = redis.call('HGET', roster, name)
if not entry then return 0 end
local head = open(entry)
if head.connection ~= connection then return 0 end
if sweptGateway ~= '' and head.gateway ~= sweptGateway then return 0 end
redis.call('HDEL', roster, name)
redis.call('SREM', heldPrefix .. head.gateway, heldStream(where, name, connection))
redis.call('ZADD', departed, int(head.epoch), name)
redis.call('ZREMRANGEBYRANK', departed, 0, -1 - tonumber(departedMax))
redis.call('EXPIRE', departed, departedTtl)
if ts > (redis.call('HGET', record, 'left_at') or '') then redis.call('HSET', record, 'left_at', ts) end
redis.call(publish, channel, '{"kind":"left","stream_id":' .. cjson.encode(head.stream_id)
  .. ',"epoch":' .. int(head.epoch) .. ',"n":' .. n .. ',"ts":' .. cjson.encode(ts) .. '}')
return 1
`,
};
