/**
 * The roster's entries, at the position on the channel where `event` (may be empty: none) is
 * announced. Replies nil when the conversation is gone. With tails the last ends of links are
 * announced again before: whoever asks may have missed them.
 */
import type { Script } from "@ams/store";

export const snapshot: Script = {
  name: "amsSnapshot",
  keys: 2,
  lua: `
local record, roster = unpack(KEYS)
local publish, channel, generation, event, tails = unpack(ARGV)
local stored = redis.call('HMGET', record, 'generation', 'revoked_up_to', 'revoked_links')
if stored[1] ~= generation then return false end
if tails == '1' and stored[2] then
  redis.call(publish, channel, '{"kind":"links_revoked","up_to":' .. stored[2] .. '}')
end
if tails == '1' and stored[3] then
  redis.call(publish, channel, '{"kind":"link_revoked","links":[' .. stored[3] .. ']}')
end
if event ~= '' then redis.call(publish, channel, event) end
return redis.call('HVALS', roster)
`,
};
