/** The steps of operators that are more than one command, each in the deployment's slot. */
import type { Script } from "@ams/store";

/** Adds an operator key, unless there are as many as there may be. */
export const createOperatorKey: Script = {
  name: "amsCreateOperatorKey",
  keys: 1,
  lua: `
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`,
};

/**
 * Sets a suspension, or removes it by an empty text, and counts the change. Replies `full` when
 * there are as many as there may be.
 */
export const setSuspension: Script = {
  name: "amsSetSuspension",
  frees: true,
  keys: 1,
  lua: `
local suspended = KEYS[1]
local account, json, most = unpack(ARGV)
if json == '' then
  if redis.call('HDEL', suspended, account) == 0 then return 'unchanged' end
else
  if redis.call('HEXISTS', suspended, account) == 0
    and redis.call('HLEN', suspended) > tonumber(most) then return 'full' end
  redis.call('HSET', suspended, account, json)
end
redis.call('HINCRBY', suspended, 'version', 1)
return 'changed'
`,
};
