/** Quota slots that answers of Redis came too late for are given back (§3.3.9). */
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { createAccount, mint, until } from "../conformance/driver.ts";
import { dial, expectRefusal, join } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range, readiness } from "./journey.ts";

const LIMIT = 10;
const GUESTS = 3;

/**
 * Milliseconds for which Redis answers nothing: longer than a command waits (2 s), shorter than a
 * lease (5 s).
 */
const PAUSE_MS = 2_600;

onRedis("accounts with limits on two gateways", () => {
  const env = { AMS_STREAMS_PER_ACCOUNT: `${LIMIT}`, AMS_GUESTS_PER_ACCOUNT: `${GUESTS}` };
  const cluster = inCluster({ gateways: 2, env });

  test("§3.3.9 an account that connected 9 times while Redis was paused holds its full 10 streams again", async () => {
    const ann = await createAccount();
    const minted = await mint(ann);
    const first = await join(minted, { as: ann, name: "first" });
    const redis = cluster().redis ?? expect.fail("the cluster has no Redis of its own");
    process.kill(redis.pid(), "SIGSTOP");
    try {
      const lost = range(LIMIT - 1).map((n) => dial(minted, { as: ann, name: `lost-${n}` }));
      await Promise.all([pause(PAUSE_MS), ...lost.map((one) => one.ended())]);
    } finally {
      process.kill(redis.pid(), "SIGCONT");
    }
    const [gateway] = cluster().gateways;
    await until(
      () => readiness(gateway ?? expect.fail()),
      (status) => status === 200,
    );
    const held = new Set(["first"]);
    const fill = async () => {
      for (const n of range(LIMIT - 1)) {
        if (held.has(`s${n}`)) continue;
        if (await dial(minted, { as: ann, name: `s${n}` }).settled()) held.add(`s${n}`);
      }
      return held.size;
    };
    await until(fill, (size) => size === LIMIT);
    const more = dial(minted, { as: ann, name: "more" });
    await expectRefusal(more, 4003, "account_concurrency_limit");
    expect(first.peers.size).toBe(LIMIT - 1);
  });

  test("§3.3.9 a live stream whose slot Redis has lost counts again within seconds", async () => {
    const ann = await createAccount();
    const minted = await mint(ann);
    for (const n of range(LIMIT)) await join(minted, { as: ann, name: `s${n}`, at: n % 2 });
    const redis = new Redis(cluster().redisUrl);
    try {
      const [places = expect.fail()] = await redis.keys(`ams:account:*${ann.account_id}:places`);
      expect(await redis.hlen(places)).toBe(LIMIT);
      // As a failover does that forgets the last writes.
      const held = await redis.keys("ams:held:*");
      await redis.del(places, ...held);
      await until(
        () => redis.hlen(places),
        (size) => size === LIMIT,
        30_000,
      );
    } finally {
      redis.disconnect();
    }
    const more = dial(minted, { as: ann, name: "more" });
    await expectRefusal(more, 4003, "account_concurrency_limit");
  });

  test("§3.3.12 guests count together in all conversations of their owner, also after a gateway was killed", async () => {
    const ann = await createAccount();
    const conversations = [await mint(ann), await mint(ann)];
    const guest = (n: number, at = n % 2) =>
      dial(conversations[n % 2] ?? expect.fail(), {
        protocols: ["ams.v1", "ams.guest"],
        name: `g${n}`,
        at,
      });
    for (const n of range(GUESTS)) expect(await guest(n).settled()).toBe(true);
    await expectRefusal(guest(GUESTS), 4003, "account_concurrency_limit");
    await expectRefusal(guest(GUESTS + 1), 4003, "account_concurrency_limit");
    expect(await guest(0, 1).settled(), "a takeover counts once").toBe(true);
    for (const n of range(LIMIT)) {
      await join(conversations[n % 2] ?? expect.fail(), { as: ann, name: `own-${n}` });
    }
    await cluster().gateways[1]?.kill();
    const other = dial(conversations[0] ?? expect.fail(), { protocols: ["ams.v1", "ams.guest"] });
    await expectRefusal(other, 4003, "account_concurrency_limit");
    await until(
      () => guest(GUESTS, 0).settled(),
      (joined) => joined,
      15_000,
    );
  });
});
