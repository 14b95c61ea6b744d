/** Redis for tests of every package: `@ams/store/testing`. */
export {
  type RedisCluster,
  type RedisClusterOptions,
  startRedisCluster,
} from "./redis-cluster.ts";
export { type RedisSentinel, startRedisSentinel } from "./redis-sentinel.ts";
export {
  findRedisBinary,
  type RedisServer,
  type RedisServerOptions,
  startRedisServer,
} from "./redis-server.ts";
export { makeCertificate, startTlsRedis, type TlsFiles } from "./redis-tls.ts";
