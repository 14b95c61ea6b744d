/**
 * The second key of a log in Redis: how many bytes its batches have.
 *
 * | key | type | holds | ends |
 * |---|---|---|---|
 * | `<channel>:log:size` | hash | `to`: the last counted entry, `bytes`: of the kept | as log |
 *
 * An append counts nothing, so that it costs no more than it must. A mark counts what was appended
 * since the last one, and then removes the oldest entries until the rest fits: exactly, as Redis's
 * own figure of a stream's memory counts whole nodes.
 */

/** Entries that are read at a time: of the largest, 1 MiB. */
const CHUNK_ENTRIES = 16;

/** Bytes that one step reads: some milliseconds of Redis. An entry costs more than its batch. */
const STEP_BYTES = 4_194_304;
const ENTRY_COST_BYTES = 64;

export function sizeKeyOf(channel: string): string {
  return `${channel}:log:size`;
}

/** `fit` replies whether all was done, and the last entry that it removed or nil. */
export const SIZE_LUA = `
local budget = ${STEP_BYTES}

-- Calls take(id, bytes) with the entries from a place on, while it replies true.
local function each(key, from, take)
  local count = 1
  while budget > 0 do
    local chunk = redis.call('XRANGE', key, from, '+', 'COUNT', count)
    for _, entry in ipairs(chunk) do
      if not take(entry[1], #entry[2][2]) then return true end
      budget = budget - #entry[2][2] - ${ENTRY_COST_BYTES}
      from = '(' .. entry[1]
    end
    if #chunk < count then return true end
    count = math.min(2 * count, ${CHUNK_ENTRIES})
  end
  return false
end

local function fit(key, sizeKey, oldestMs, maxBytes)
  local known = redis.call('HMGET', sizeKey, 'to', 'bytes')
  local to, bytes, removed = known[1] or '0-0', tonumber(known[2] or 0), nil
  local isDone = each(key, '(' .. to, function(id, size)
    to, bytes = id, bytes + size
    return true
  end)
  isDone = isDone and each(key, '-', function(id, size)
    if tonumber(string.match(id, '^%d+')) > oldestMs and bytes <= maxBytes then return false end
    removed, bytes = id, bytes - size
    return true
  end)
  if removed then
    local ms, seq = string.match(removed, '(%d+)-(%d+)')
    redis.call('XTRIM', key, 'MINID', ms .. '-' .. string.format('%.0f', seq + 1))
  end
  if redis.call('XLEN', key) == 0 then bytes = 0 end
  redis.call('HSET', sizeKey, 'to', to, 'bytes', string.format('%.0f', bytes))
  return isDone, removed
end
`;
