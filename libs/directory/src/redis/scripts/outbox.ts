/** Events for webhooks: appended in the step that causes them, and removed once fetched. */
import type { Script } from "@ams/store";
import { LIMIT_REPORT_MS, OUTBOX_EVENTS_MAX, OUTBOX_TTL_S } from "../../webhooks.ts";
import { NOW_LUA } from "./script.ts";

/** What the field `opted_in` of a conversation holds where no stream reads it for webhooks. */
export const NO_OBSERVER = "*";

/**
 * For scripts that have the keys `outboxes` and `outbox` and the owner's name by then. The first
 * holds, by owner, how many events were lost because too many waited.
 */
export const OUTBOX_LUA = `
local function append(owner, type, more)
  if redis.call('XLEN', outbox) >= ${OUTBOX_EVENTS_MAX} then
    redis.call('HINCRBY', outboxes, owner, 1)
    return 0
  end
  redis.call('XADD', outbox, '*', 'event', '{"type":"' .. type .. '"' .. more .. '}')
  redis.call('EXPIRE', outbox, ${OUTBOX_TTL_S})
  redis.call('HSETNX', outboxes, owner, 0)
  return 1
end

-- Of a conversation, given its id and address.
local function lifecycle(type, namespace, id, alias, more)
  append(namespace, type, ',"conversation_id":' .. cjson.encode(id) .. ',"alias":' .. cjson.encode(alias) .. (more or ''))
end
`;

/** The same for scripts that have `record` and `roster` too: of a stream that came or went. */
export const STREAM_EVENT_LUA = `${OUTBOX_LUA}
local function streamEvent(optedIn, where, head, type, edgeType, countAtEdge)
  if not optedIn or head.stream_name == optedIn then return end
  local at = cjson.decode(where)
  local namespace, alias, id = at.address.namespace, at.address.alias, at.conversationId
  local count = redis.call('HLEN', roster) - redis.call('HEXISTS', roster, optedIn)
  local function edge()
    if count == countAtEdge then lifecycle(edgeType, namespace, id, alias) end
  end
  if type == 'stream.joined' then edge() end
  lifecycle(type, namespace, id, alias, ',"stream_id":' .. cjson.encode(head.stream_id)
    .. ',"stream_name":' .. cjson.encode(head.stream_name)
    .. ',"owner_account_id":' .. cjson.encode(head.owner_account_id))
  if type == 'stream.left' then edge() end
end

local function joinedEvent(optedIn, where, head)
  streamEvent(optedIn, where, head, 'stream.joined', 'conversation.opened', 1)
end
local function leftEvent(optedIn, where, head)
  streamEvent(optedIn, where, head, 'stream.left', 'conversation.empty', 0)
end
`;

/** Removes entries. Replies how many events the owner lost since the outbox was last emptied. */
export const removeFromOutbox: Script = {
  name: "amsRemoveFromOutbox",
  frees: true,
  keys: 2,
  lua: `
local outboxes, outbox = unpack(KEYS)
local owner = ARGV[1]
for index = 2, #ARGV do redis.call('XDEL', outbox, ARGV[index]) end
local lost = tonumber(redis.call('HGET', outboxes, owner)) or 0
if redis.call('XLEN', outbox) == 0 then redis.call('HDEL', outboxes, owner)
elseif lost > 0 then redis.call('HSET', outboxes, owner, 0) end
return lost
`,
};

/** Appends an event of an account that has a webhook. Replies 1 when it did. */
export const appendToOutbox: Script = {
  name: "amsAppendToOutbox",
  keys: 3,
  lua: `
local record, outboxes, outbox = unpack(KEYS)
${OUTBOX_LUA}
local account, type, more = unpack(ARGV)
if not redis.call('HGET', record, 'opted_in') then return 0 end
return append(account, type, more)
`,
};

/** Appends `limit.reached` unless the same limit was reported a moment ago. */
export const reportLimit: Script = {
  name: "amsReportLimit",
  frees: true,
  keys: 3,
  lua: `${NOW_LUA}
local record, outboxes, outbox = unpack(KEYS)
${OUTBOX_LUA}
local account, limit, more = unpack(ARGV)
local stored = redis.call('HMGET', record, 'opted_in', 'limit_at:' .. limit)
if not stored[1] then return 0 end
if nowMs() - (tonumber(stored[2]) or 0) < ${LIMIT_REPORT_MS} then return 0 end
redis.call('HSET', record, 'limit_at:' .. limit, string.format('%.0f', nowMs()))
return append(account, 'limit.reached', more)
`,
};

/** Opts a conversation in with the name of its observer, or out with an empty one. */
export const setOptedIn: Script = {
  name: "amsSetOptedIn",
  keys: 1,
  lua: `
local record = KEYS[1]
if not redis.call('HGET', record, 'generation') then return 0 end
if ARGV[1] == '' then redis.call('HDEL', record, 'opted_in')
else redis.call('HSET', record, 'opted_in', ARGV[1]) end
return 1
`,
};

/** Adds a webhook, or replaces one that is still as it was. Replies a fault's name or `ok`. */
export const putWebhook: Script = {
  name: "amsPutWebhook",
  keys: 2,
  lua: `
local record, webhooks = unpack(KEYS)
local id, json, before, most = unpack(ARGV)
if redis.call('HGET', record, 'record') == false then return 'not_found' end
if before == '' then
  if redis.call('HLEN', webhooks) >= tonumber(most) then return 'webhook_limit' end
elseif redis.call('HGET', webhooks, id) ~= before then return 'changed' end
redis.call('HSET', webhooks, id, json)
redis.call('HSET', record, 'opted_in', 1)
return 'ok'
`,
};

export const removeWebhook: Script = {
  name: "amsRemoveWebhook",
  frees: true,
  keys: 2,
  lua: `
local record, webhooks = unpack(KEYS)
local removed = redis.call('HDEL', webhooks, ARGV[1])
if redis.call('HLEN', webhooks) == 0 then redis.call('HDEL', record, 'opted_in') end
return removed
`,
};

/** Adds attempts to the log of an account that exists. */
export const recordDeliveries: Script = {
  name: "amsRecordDeliveries",
  frees: true,
  keys: 2,
  lua: `
local record, deliveries = unpack(KEYS)
if redis.call('EXISTS', record) == 0 then return 0 end
for index = 2, #ARGV do
  redis.call('XADD', deliveries, 'MAXLEN', '~', ARGV[1], '*', 'delivery', ARGV[index])
end
return 1
`,
};
