/** The roster's entries, at the place on the channel where `event` (may be empty: none) is announced. Replies nil when the conversation is gone. */
import type { Script } from "./script.ts";

export const snapshot: Script = {
  name: "amsSnapshot",
  keys: 2,
  lua: `
local record, roster = unpack(KEYS)
local publish, channel, conversation, event = unpack(ARGV)
if redis.call('HGET', record, 'id') ~= conversation then return false end
if event ~= '' then redis.call(publish, channel, event) end
return redis.call('HVALS', roster)
`,
};
