/** Quota slots that answers of Redis came too late for are given back (§3.3.9). */
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { createAccount, mint, until } from "../conformance/driver.ts";
import { dial, expectRefusal, join } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range, readiness } from "./journey.ts";

const LIMIT = 10;

/** Milliseconds for which Redis answers nothing: longer than a command waits (2 s), shorter than a lease (5 s). */
const PAUSE_MS = 2_600;

onRedis("a gateway whose Redis answers too late", () => {
  const cluster = inCluster({ gateways: 1, env: { AMS_STREAMS_PER_ACCOUNT: `${LIMIT}` } });

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
});
