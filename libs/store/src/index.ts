/** Redis and LMDB as every driver uses them. */
export { type File, type FileOptions, openFile, type Table } from "./embedded/open-file.ts";
export { openSortedFile, SortedFile } from "./embedded/sorted-file.ts";
export { confirmRedisFormat, LaterFormat } from "./format.ts";
export { type Outcome, StoreUnavailable } from "./outcome.ts";
export { tagOf } from "./redis/channel-tags.ts";
export {
  connectRedis,
  isSharded,
  nodeOf,
  type RedisClient,
  type RedisConnection,
  type RedisRole,
  reconnect,
  whenReady,
} from "./redis/connect.ts";
export {
  answered,
  createRedisStore,
  listOf,
  optionalNumber,
  type RedisStore,
  type Script,
  textOf,
  textsOf,
} from "./redis/scripts.ts";
export {
  openSubscriber,
  type Subscriber,
  type SubscriberEvents,
  type SubscriptionLoss,
} from "./redis/subscriber.ts";
export { DEFAULT_PREFIX, redisPrefix, redisUrlFault } from "./redis/url.ts";
