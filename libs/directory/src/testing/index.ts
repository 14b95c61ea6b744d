/** For tests of every room: `@ams/directory/testing`. */
export { type MemoryDirectory, openMemoryDirectory } from "./memory-directory.ts";
export { type LeaseSteps, sweepBy } from "./memory-leases.ts";
export {
  type RedisCluster,
  type RedisClusterOptions,
  startRedisCluster,
} from "./redis-cluster.ts";
export {
  findRedisBinary,
  type RedisServer,
  type RedisServerOptions,
  startRedisServer,
} from "./redis-server.ts";
