/**
 * What every script shares. A script is one atomic step in one slot; each has a file of its own,
 * named after it.
 *
 * A roster entry is JSON whose first members only this library writes, and whose last two members
 * are strings that users wrote (redis/entry.ts). Scripts read and write the first members as data
 * and carry the others as the text that they are, because Lua's JSON library would change numbers
 * and half surrogate pairs.
 */

import { KEY_USE_MS } from "../../records.ts";

/** Unix ms by the clock of Redis. */
export const NOW_LUA = `
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/** Functions for scripts that touch roster entries. */
export const ENTRY_LUA = `
local function int(number) return string.format('%.0f', number) end

-- An entry: its head as a table, peer identity and metadata as JSON literals. A quote within a
-- literal has a backslash before it, so the first occurrence of each of these keys is the key
-- itself.
local function open(entry)
  local peerAt = string.find(entry, ',"peer_identity":', 1, true)
  local metadataAt = string.find(entry, ',"metadata":', peerAt, true)
  local head = cjson.decode(string.sub(entry, 1, peerAt - 1) .. '}')
  return head, string.sub(entry, peerAt + 17, metadataAt - 1), string.sub(entry, metadataAt + 12, -2)
end

local function close(head, peer, metadata)
  return '{"stream_id":' .. cjson.encode(head.stream_id)
    .. ',"stream_name":' .. cjson.encode(head.stream_name)
    .. ',"owner_account_id":' .. cjson.encode(head.owner_account_id)
    .. ',"joined_at":' .. cjson.encode(head.joined_at)
    .. ',"epoch":' .. int(head.epoch)
    .. ',"metadata_n":' .. int(head.metadata_n)
    .. (head.metadata_ms and ',"metadata_ms":' .. int(head.metadata_ms) or '')
    .. ',"gateway":' .. cjson.encode(head.gateway)
    .. ',"connection":' .. cjson.encode(head.connection)
    .. ',"link":' .. int(head.link)
    .. ',"peer_identity":' .. peer .. ',"metadata":' .. metadata .. '}'
end
`;

/**
 * How a gateway's index names a stream. Another gateway's index is a key that the caller can't know
 * before the script runs, so a script replies what is to be taken out of it, as [gateway, member,
 * …], and the caller does that.
 */
export const HELD_STREAM_LUA = `
local function heldStream(where, name, connection)
  return '{"kind":"stream","where":' .. where .. ',"stream_name":' .. cjson.encode(name)
    .. ',"connection":' .. cjson.encode(connection) .. '}'
end
`;

/**
 * A link is kept as its hash, or with terms as `~<hash> <expires, Unix ms or 0> <max_joins or 0>
 * <terms as JSON>`: an earlier version finds no hash in that, and so admits nobody by it.
 */
export const LINK_LUA = `
local function linkMax(link) return tonumber(string.match(link, '^~%S+ %d+ (%d+) ')) or 0 end

-- Whether the link may admit this stream: it counts streams where it has a maximum.
local function mayJoin(uses, number, link, id)
  local max = linkMax(link)
  if max == 0 then return true end
  local ids = redis.call('HGET', uses, number .. ':ids') or ''
  if string.find(ids, id, 1, true) then return true end
  local _, counted = string.gsub(ids, ' ', '')
  return counted < max
end

-- Counts a connect, and its stream where that is limited.
local function countUse(uses, number, link, id, more, nowText)
  local used, last, joins = string.match(redis.call('HGET', uses, number) or '', '^(%d+) (%d+) (%d+)$')
  used, last, joins = tonumber(used) or 0, last or '0', tonumber(joins) or 0
  if linkMax(link) > 0 then
    local ids = redis.call('HGET', uses, number .. ':ids') or ''
    if not string.find(ids, id, 1, true) then
      redis.call('HSET', uses, number .. ':ids', ids .. id .. ' ')
      joins = joins + 1
    end
  end
  redis.call('HSET', uses, number, string.format('%.0f %s %.0f', used + more, nowText or last, joins))
end
`;

/**
 * A credential as its account keeps it, four fields: when it ends (Unix ms, 0 never), its number (a
 * newer one's is higher), 1 if it ends when a newer one is first used, 1 if it has been used. An
 * earlier version wrote the first only.
 */
export const CREDENTIAL_LUA = `
local function readCredential(text)
  local ends, number, yields, used = string.match(text or '', '^(%d+) ?(%d*) ?([01]?) ?([01]?)$')
  if not ends then return nil end
  return { ends = tonumber(ends), number = tonumber(number) or 0, yields = yields == '1', used = used ~= '0' }
end

local function writeCredential(one)
  return string.format('%.0f %.0f %d %d', one.ends, one.number, one.yields and 1 or 0, one.used and 1 or 0)
end

-- The credential if it is live at this time, and the hashes of those that its first use ends.
local function useCredential(credentials, credential, now)
  local one = readCredential(redis.call('HGET', credentials, credential))
  if not one or (one.ends ~= 0 and one.ends <= tonumber(now)) then return nil, {} end
  local ended = {}
  if one.used then return one, ended end
  local all = redis.call('HGETALL', credentials)
  for index = 1, #all, 2 do
    local other = readCredential(all[index + 1])
    if other and other.yields and other.number < one.number then
      redis.call('HDEL', credentials, all[index])
      ended[#ended + 1] = all[index]
    end
  end
  one.used = true
  -- Without memory for this the next use is taken for the first one again, which ends nothing more.
  redis.pcall('HSET', credentials, credential, writeCredential(one))
  return one, ended
end
`;

/**
 * A key as its account keeps it: `<ends, Unix ms or 0> <last use, Unix ms or 0> <scopes, by commas>
 * <key id> <the rest as JSON>`.
 */
export const KEY_LUA = `
-- The key if it is live at this time. Its use is written when the last one is some time ago.
local function useKey(keys, credential, now)
  local ends, last, rest = string.match(redis.call('HGET', keys, credential) or '', '^(%d+) (%d+) (.+)$')
  if not ends or (ends ~= '0' and tonumber(ends) <= tonumber(now)) then return nil end
  if tonumber(now) >= tonumber(last) + ${KEY_USE_MS} then
    redis.pcall('HSET', keys, credential, ends .. ' ' .. now .. ' ' .. rest)
  end
  local scopes, id = string.match(rest, '^(%S+) (%S+) ')
  local function may(scope)
    return string.find(',' .. scopes .. ',', ',full,', 1, true)
      or string.find(',' .. scopes .. ',', ',' .. scope .. ',', 1, true)
  end
  return { ends = tonumber(ends), scopes = scopes, id = id, may = may }
end
`;

/**
 * How a gateway's index names a quota slot of this kind; and its holders, which are fields
 * `<gateway>/<connection>`.
 */
export const HELD_SLOT_LUA = `
local function heldSlot(kind, account, slot, connection)
  return '{"kind":"' .. (kind == 'guest' and 'guest' or 'place') .. '","account_id":' .. cjson.encode(account)
    .. ',"place":' .. cjson.encode(slot) .. ',"connection":' .. cjson.encode(connection) .. '}'
end

local function holders(text)
  local list = {}
  for gateway, connection in string.gmatch(text or '', '([^/ ]+)/([^ ]+)') do
    list[#list + 1] = { gateway = gateway, connection = connection }
  end
  return list
end
`;
