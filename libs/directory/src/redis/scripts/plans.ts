/** Plans: one hash of the deployment. */
import type { Script } from "@ams/store";

/** Keeps a plan under its name. Replies 0 when there are as many others as there may be. */
export const setPlan: Script = {
  name: "amsSetPlan",
  keys: 1,
  lua: `
local name, limits, most = unpack(ARGV)
if redis.call('HEXISTS', KEYS[1], name) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(most) then return 0 end
redis.call('HSET', KEYS[1], name, limits)
return 1
`,
};
