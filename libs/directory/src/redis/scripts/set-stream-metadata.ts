/** Keeps a live stream's metadata, if this connection holds the stream. */
import type { Script } from "@ams/store";
import { ENTRY_LUA } from "./script.ts";

export const setStreamMetadata: Script = {
  name: "amsSetStreamMetadata",
  keys: 1,
  lua: `${ENTRY_LUA}
local roster = KEYS[1]
local name, connection, metadata, n, ms = unpack(ARGV)
local entry = redis.call('HGET', roster, name)
if not entry then return 0 end
local head, peer = open(entry)
if head.connection ~= connection then return 0 end
head.metadata_n = tonumber(n)
head.metadata_ms = tonumber(ms)
redis.call('HSET', roster, name, close(head, peer, metadata))
return 1
`,
};
