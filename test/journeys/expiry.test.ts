/**
 * A day after it expires a conversation goes, with all its keys and its alias, by the control
 * process that runs (§2.3.5). The day is passed by moving the time at which it is due.
 */
import { setTimeout as pause } from "node:timers/promises";
import { EXPIRED_KEPT_S } from "@ams/protocol";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { createAccount, type Minted, mint, tryMint, until } from "../conformance/driver.ts";
import { dial, expectRefusal, join } from "../conformance/subscriber.ts";
import { inCluster, onRedis } from "./journey.ts";

/** Milliseconds within which control has looked at every partition, with some to spare. */
const ROUND_MS = 60_000;

onRedis("conversations that have expired", () => {
  const cluster = inCluster({ gateways: 1 });

  test("§2.3.5 until a day is over it is listed and 4001; then it is 4005, its alias free and its keys gone, unless somebody is in it", async () => {
    const ann = await createAccount();
    const [empty, busy] = [
      await mint(ann, { expires_in_s: 1 }),
      await mint(ann, { expires_in_s: 1 }),
    ];
    const inside = await join(busy, { as: ann });
    await pause(1_100);
    await expectRefusal(dial(empty, { as: ann }), 4001, "invalid_magic_link");
    expect((await tryMint(ann, { alias: empty.alias })).status).toBe(409);

    const redis = new Redis(cluster().redisUrl);
    const keysOf = ({ alias }: Minted) => redis.keys(`*${alias}*`);
    try {
      expect((await keysOf(empty)).length).toBeGreaterThan(0);
      for (const minted of [empty, busy]) await passADay(redis, minted);
      await until(
        () => keysOf(empty),
        (keys) => keys.length === 0,
        ROUND_MS,
      );
      expect((await keysOf(busy)).length).toBeGreaterThan(0);
    } finally {
      redis.disconnect();
    }
    expect(inside.endedByBroker).toBeNull();
    await expectRefusal(dial(empty, { as: ann }), 4005, "conversation_not_found");
    const again = await tryMint(ann, { alias: empty.alias });
    expect(again.status).toBe(201);
  });

  /** It is due as it will be after the day for which an expired conversation is kept. */
  async function passADay(redis: Redis, { namespace, alias }: Minted): Promise<void> {
    for (const key of await redis.keys("ams:expiring:*")) {
      for (const member of await redis.zrange(key, 0, -1)) {
        if (member.startsWith(`${namespace}/${alias} `))
          await redis.zincrby(key, -EXPIRED_KEPT_S * 1_000, member);
      }
    }
  }
});
