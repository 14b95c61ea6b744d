import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeStore } from "../store.contract.ts";
import type { Store } from "../store.ts";
import { openRedisStore } from "./redis-store.ts";

describe.skipIf(findRedisBinary() === null)("with a Redis", () => {
  let redis: RedisServer;
  let store: Store;

  beforeAll(async () => {
    redis = await startRedisServer();
    store = await openRedisStore(redis.url, () => {});
  });

  afterAll(async () => {
    await store.close();
    await redis.stop();
  });

  describeStore("the Redis store", () => store);

  test("while Redis is away each call is refused", async () => {
    const other = await startRedisServer();
    const away = await openRedisStore(other.url, () => {});
    await away.write("a", "kept", "v", null);
    await other.kill();
    await expect(away.read("a", "kept")).rejects.toThrow("Redis did not do");
    await expect(away.ping()).rejects.toThrow("Redis did not do");
    await away.close();
  });
});
