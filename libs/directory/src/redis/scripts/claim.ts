/**
 * Takes a stream for a connection and announces `claimed`. Replies a fault's name, or [entry,
 * resumed, metadata changed, what the displaced connection is in its index].
 */
import type { Script } from "@ams/store";
import { NO_LINK } from "../../records.ts";
import { LIMIT_REPORT_MS } from "../../webhooks.ts";
import { STREAM_EVENT_LUA } from "./outbox.ts";
import { ENTRY_LUA, HELD_STREAM_LUA, LINK_LUA, NOW_LUA } from "./script.ts";

/**
 * Claims for which the epoch grows each second of the conversation's life, whether they are made or
 * not: what a store forgets at a failover, seconds of claims, is then never given out again unless
 * claims came faster than this.
 */
export const EPOCHS_PER_S = 16;

/**
 * Up to here epochs follow the clock, then the count of claims alone: a batch has 32 bits for them.
 */
const CLOCK_EPOCH_MAX = 2 ** 31;

export const claim: Script = {
  name: "amsClaim",
  keys: 9,
  lua: `${ENTRY_LUA}${HELD_STREAM_LUA}${LINK_LUA}${NOW_LUA}
local record, links, uses, roster, joined, departed, held, outboxes, outbox = unpack(KEYS)
${STREAM_EVENT_LUA}local publish, channel, where, generation, id, name, owner, joinedAt, gateway, connection,
  link, limit, metadata, peer = unpack(ARGV)

local stored = redis.call('HMGET', record, 'generation', 'max_joins', 'subscribers_max', 'left_at', 'claims', 'epoch_zero_ms',
  'opted_in', 'limit_at')
local optedIn = stored[7]
if stored[1] ~= generation then return 'conversation_not_found' end

local old, oldPeer, oldMetadata
local oldEntry = redis.call('HGET', roster, name)
if oldEntry then old, oldPeer, oldMetadata = open(oldEntry) end
local mine = old and old.owner_account_id == owner
if mine then id = old.stream_id end

local shown = link ~= '${NO_LINK}' and redis.call('HGET', links, link)
if link ~= '${NO_LINK}' and (not shown or not mayJoin(uses, link, shown, id)) then return 'invalid_magic_link' end
local maxJoins = tonumber(stored[2])
if maxJoins and redis.call('SISMEMBER', joined, id) == 0 and redis.call('SCARD', joined) >= maxJoins then
  return 'invalid_magic_link'
end
if old and not mine then return 'stream_name_conflict' end
local subscribersMax = tonumber(stored[3]) or tonumber(limit)
if not old and redis.call('HLEN', roster) >= subscribersMax then
  if optedIn and nowMs() - (tonumber(stored[8]) or 0) >= ${LIMIT_REPORT_MS} then
    local at = cjson.decode(where)
    redis.call('HSET', record, 'limit_at', int(nowMs()))
    lifecycle('limit.reached', at.address.namespace, at.conversationId, at.address.alias,
      ',"limit":"subscribers_max","max":' .. int(subscribersMax))
  end
  return 'conversation_subscriber_limit'
end

local epoch = (tonumber(stored[5]) or 0) + 1
local clock = stored[6] and math.floor((nowMs() - tonumber(stored[6])) * ${EPOCHS_PER_S / 1_000}) or 0
if clock > epoch and clock < ${CLOCK_EPOCH_MAX} then epoch = clock end
redis.call('HSET', record, 'claims', int(epoch))
if maxJoins then redis.call('SADD', joined, id) end
if shown then countUse(uses, link, shown, id, 1, int(nowMs())) end
redis.call('HDEL', departed, name)
local displaced, indexed = 'null', {}
if old then
  indexed = { old.gateway, heldStream(where, name, old.connection) }
  displaced = '{"gateway":' .. cjson.encode(old.gateway) .. ',"connection":' .. cjson.encode(old.connection)
    .. ',"epoch":' .. int(old.epoch) .. '}'
  joinedAt = old.joined_at
  if oldPeer ~= 'null' then peer = oldPeer end
elseif stored[4] and stored[4] > joinedAt then
  joinedAt = stored[4]
end
local changed = 0
if metadata == '' then metadata = oldMetadata or '"{}"'
elseif old and metadata ~= oldMetadata then changed = 1 end
local head = { stream_id = id, stream_name = name, owner_account_id = owner, joined_at = joinedAt,
  epoch = epoch, metadata_n = 0, gateway = gateway, connection = connection, link = tonumber(link) }
local entry = close(head, peer, metadata)
redis.call('HSET', roster, name, entry)
redis.call('SADD', held, heldStream(where, name, connection))
redis.call(publish, channel, '{"kind":"claimed","entry":' .. entry .. ',"displaced":' .. displaced .. '}')
if not old then joinedEvent(optedIn, where, head) end
return { entry, old and 1 or 0, changed, indexed }
`,
};
