import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { afterAll, beforeAll, describe } from "vitest";
import { describeStore } from "../store.contract.ts";
import type { Store } from "../store.ts";
import { openRedisStore } from "./redis-store.ts";

describe.skipIf(findRedisBinary() === null)("with a Redis", () => {
  let redis: RedisServer;
  let store: Store;
  beforeAll(async () => {
    redis = await startRedisServer();
    store = await openRedisStore(redis.url);
  });
  afterAll(async () => {
    await store.close();
    await redis.stop();
  });
  describeStore("redis", () => store);
});
