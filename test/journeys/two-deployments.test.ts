/**
 * Two deployments on one Redis server, in two of its databases: pub/sub ignores databases, so their
 * channels differ by prefix.
 */
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../cluster.ts";
import { createAccount, http, mint, unique } from "../conformance/driver.ts";
import { join } from "../conformance/subscriber.ts";
import { inCluster, onRedis, speakToAll } from "./journey.ts";

onRedis("two deployments on one Redis", () => {
  const first = inCluster({ gateways: 1 });
  let second: Cluster | null = null;
  beforeAll(async () => {
    second = await startCluster({ gateways: 1, redisUrl: `${first().redisUrl}/1` });
  });
  afterAll(() => second?.stop());

  test("§8.2 a gateway with other peppers than the store's doesn't start, and says why", async () => {
    const other = "another-pepper-".padEnd(64, "0");
    const peppers = { AMS_CREDENTIAL_PEPPERS: other, AMS_LINK_PEPPERS: other };
    const { redisUrl } = first();
    const attempt = startCluster({ gateways: 1, redisUrl, env: peppers });
    await expect(attempt).rejects.toThrow(
      /did not get ready:\n.*none of the credential peppers given here/s,
    );
  });

  test("§8.2 nor does control, which says it before it is up and exits 78", async () => {
    const other = "another-pepper-".padEnd(64, "0");
    const peppers = { AMS_CREDENTIAL_PEPPERS: other, AMS_LINK_PEPPERS: other };
    const { redisUrl } = first();
    const attempt = startCluster({ gateways: 0, redisUrl, env: peppers });
    const failure: unknown = await attempt.catch((error: unknown) => error);
    const output = String(failure);
    expect(output).toMatch(/control did not get ready:\n.*none of the credential peppers/s);
    expect(output).toContain("(exit 78)");
    expect(output).not.toContain("control is up");
  });

  test("a store that a later version has written is refused by both, and stays as it is", async () => {
    const redisUrl = `${first().redisUrl}/2`;
    const redis = new Redis(redisUrl);
    await redis.hset("ams:2:peppers:{p0}", "format", "2");
    for (const gateways of [0, 1]) {
      const attempt = startCluster({ gateways, redisUrl });
      const output = String(await attempt.catch((error: unknown) => error));
      expect(output).toContain("this store was written by a later version of AMS");
      expect(output).toContain("(exit 78)");
    }
    expect(await redis.keys("ams:2:*")).toEqual(["ams:2:peppers:{p0}"]);
    redis.disconnect();
  });

  /**
   * The same namespace and the same canonical input on both: the conversations have one id and one
   * address.
   */
  async function joinAt(cluster: Cluster, namespace: string, alias: string) {
    speakToAll(cluster);
    const owner = await createAccount(namespace);
    const body = { alias, id_kind: "jcs-sha256", canonical_input: { case: 17 } };
    const minted = await mint(owner, body);
    const emitter = await join(minted, { as: owner, name: "emitter" });
    const reader = await join(minted, { as: owner, name: "reader" });
    return { owner, minted, emitter, reader };
  }

  test("§8.7 a token doesn't cross, and a DELETE closes nobody of the other deployment", async () => {
    const other = second ?? expect.fail("the second cluster did not start");
    const [namespace, alias] = [unique("ns"), unique("talk")];
    const one = await joinAt(first(), namespace, alias);
    const two = await joinAt(other, namespace, alias);
    expect(two.minted.conversation_id).toBe(one.minted.conversation_id);

    one.emitter.say("of the first");
    await one.reader.token("of the first");
    two.emitter.say("of the second");
    await two.reader.token("of the second");
    await two.reader.drained();
    expect(two.reader.heard).toEqual(["of the second"]);

    speakToAll(first());
    const deleted = await http("DELETE", one.minted.path, { bearer: one.owner.credential });
    expect(deleted.status).toBe(204);
    expect(await one.reader.closed).toEqual({ code: 4005, reason: "conversation_closed" });
    two.emitter.say("still here");
    await two.reader.token("still here");
    expect(two.reader.endedByBroker).toBeNull();
  });
});
