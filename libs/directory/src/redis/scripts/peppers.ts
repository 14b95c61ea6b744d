/**
 * Compares the check values of a process's peppers with the known ones, per list, and adds the
 * first of each. Both lists are looked at before anything is written, so that a process that is
 * refused changes nothing. Replies the list of which none is known, `format` where a later version
 * has written the store, or nil.
 */
import type { Script } from "@ams/store";

export const confirmPeppers: Script = {
  name: "amsConfirmPeppers",
  keys: 1,
  lua: `
local function wordsOf(text)
  local list = {}
  for word in string.gmatch(text or '', '%S+') do list[#list + 1] = word end
  return list
end

local function isIn(list, word)
  for _, one in ipairs(list) do if one == word then return true end end
  return false
end

local key, max, format = KEYS[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local written = tonumber(redis.call('HGET', key, 'format') or '0')
if written > format then return 'format' end
local lists = { { kind = 'credential', text = ARGV[1] }, { kind = 'link', text = ARGV[2] } }
for _, list in ipairs(lists) do
  list.given = wordsOf(list.text)
  list.known = wordsOf(redis.call('HGET', key, list.kind))
  local matches = #list.known == 0
  for _, word in ipairs(list.given) do matches = matches or isIn(list.known, word) end
  if not matches then return list.kind end
end
for _, list in ipairs(lists) do
  local first = list.given[1]
  if not isIn(list.known, first) then
    list.known[#list.known + 1] = first
    redis.call('HSET', key, list.kind, table.concat(list.known, ' ', math.max(1, #list.known - max + 1)))
  end
end
if written < format then redis.call('HSET', key, 'format', format) end
return false
`,
};
