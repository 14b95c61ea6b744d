/** What a conversation with replay keeps: one contract, on Redis and embedded. */
export { type EmbeddedLogOptions, openEmbeddedLog } from "./embedded/embedded-log.ts";
export type {
  Entry,
  EntryId,
  KeptEvent,
  LogName,
  Page,
  ReplayLog,
} from "./log.ts";
export {
  ALL_FRAMES,
  after,
  compareIds,
  comparePositions,
  formatCursor,
  isRemoved,
  type Position,
  parseCursor,
  START,
  tagOfLog,
} from "./position.ts";
export { openRedisLog, type RedisLogOptions } from "./redis/redis-log.ts";
