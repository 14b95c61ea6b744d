/** Single links of a conversation, in its slot: make one with terms, revoke one. */
import type { Script } from "@ams/store";

/**
 * Adds a link. When there are as many as there may be, those that have expired end first. Replies
 * its number, 0 when there is no conversation, -1 when there is no place for it.
 */
export const createLink: Script = {
  name: "amsCreateLink",
  keys: 3,
  lua: `
local record, links, uses = unpack(KEYS)
local link, linksMax, now = unpack(ARGV)
if not redis.call('HGET', record, 'generation') then return 0 end
local all = redis.call('HGETALL', links)
local live = #all / 2
if live >= tonumber(linksMax) then
  for index = 1, #all, 2 do
    local ends = tonumber(string.match(all[index + 1], '^~%S+ (%d+) ')) or 0
    if ends ~= 0 and ends <= tonumber(now) then
      redis.call('HDEL', links, all[index])
      redis.call('HDEL', uses, all[index], all[index] .. ':ids')
      live = live - 1
    end
  end
end
if live >= tonumber(linksMax) then return -1 end
local number = redis.call('HINCRBY', record, 'links_made', 1)
redis.call('HSET', links, number, link)
return number
`,
};

/**
 * Ends one link and announces it; the latest of those ended are remembered for gateways that were
 * cut off. Replies 1, or 0 when there is no such link.
 */
export const revokeLink: Script = {
  name: "amsRevokeLink",
  frees: true,
  keys: 3,
  lua: `
local record, links, uses = unpack(KEYS)
local publish, channelPrefix, number, remembered = unpack(ARGV)
local id, generation, revoked = unpack(redis.call('HMGET', record, 'id', 'generation', 'revoked_links'))
if not generation or redis.call('HDEL', links, number) == 0 then return 0 end
redis.call('HDEL', uses, number, number .. ':ids')
local kept, count = number, 1
for earlier in string.gmatch(revoked or '', '%d+') do
  if count < tonumber(remembered) then kept, count = kept .. ',' .. earlier, count + 1 end
end
redis.call('HSET', record, 'revoked_links', kept)
redis.call(publish, channelPrefix .. id .. ':' .. generation, '{"kind":"link_revoked","links":[' .. number .. ']}')
return 1
`,
};
