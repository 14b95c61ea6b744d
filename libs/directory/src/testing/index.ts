/** For tests of every room: `@ams/directory/testing`. */
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
