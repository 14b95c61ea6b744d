/**
 * What operators do reaches every gateway: a suspension, a drain, a deletion, and what gateways
 * report (§11).
 */
import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { beforeAll, expect, test } from "vitest";
import {
  type Account,
  createAccount,
  expectProblem,
  http,
  type Minted,
  mint,
  until,
} from "../conformance/driver.ts";
import { dial, expectRefusal, join } from "../conformance/subscriber.ts";
import { inCluster, onRedis } from "../journeys/journey.ts";
import { type Operator, operatorOf } from "./operate.ts";

const SUSPENDED = { code: 4002, reason: "account_suspended" };

const PEPPERS = {
  AMS_CREDENTIAL_PEPPERS: randomBytes(32).toString("hex"),
  AMS_LINK_PEPPERS: randomBytes(32).toString("hex"),
};

onRedis("operators of two gateways", () => {
  const cluster = inCluster({ gateways: 2, env: PEPPERS });
  let operate: Operator;
  beforeAll(async () => {
    const { control, redisUrl } = cluster();
    operate = await operatorOf(control.adminUrl, { ...PEPPERS, AMS_REDIS_URL: redisUrl });
  });

  test("§11.3 a suspension ends the account's sockets and its conversations on every gateway, refuses who joins, and ends", async () => {
    const [ann, bob] = [await createAccount(), await createAccount()];
    const [hers, his] = [await mint(ann), await mint(bob)];
    const ended = [
      await join(hers, { as: ann, name: "own", at: 0 }),
      await join(his, { as: ann, name: "elsewhere", at: 1 }),
      await join(hers, { as: bob, name: "member", at: 1 }),
      await join(hers, { name: "guest", at: 0, protocols: ["ams.v1", "ams.guest"] }),
    ];
    const stays = await join(his, { as: bob, name: "stays", at: 0 });
    const began = performance.now();
    const done = await operate("POST", `/accounts/${ann.namespace}/suspend`, { reason: "floods" });
    expect(done.status, done.text).toBe(200);
    for (const one of ended) expect(await one.ended()).toEqual(SUSPENDED);
    // The promise is a second; on a busy machine only that it is not left to chance.
    expect(performance.now() - began).toBeLessThan(10_000);
    for (const at of [0, 1]) {
      await expectRefusal(dial(hers, { as: ann, at }), 4002, "account_suspended");
      await expectRefusal(dial(his, { as: ann, at }), 4002, "account_suspended");
      await expectRefusal(dial(hers, { as: bob, at }), 4002, "account_suspended");
    }
    const bearer = ann.credential;
    expectProblem(await http("GET", "/v1/account", { bearer }), 403, "account_suspended");
    stays.say("still here");
    expect(stays.endedByBroker).toBeNull();

    expect((await operate("POST", `/accounts/${ann.namespace}/resume`)).status).toBe(200);
    expect((await http("GET", "/v1/account", { bearer })).status).toBe(200);
    // The other gateway may hear of it a moment later.
    await until(
      () => joined(hers, ann),
      (isJoined) => isJoined,
    );
  });

  test("§11.5 of a deleted account the store keeps its namespace's mark, and the operators' log", async () => {
    const ann = await createAccount();
    const minted = await mint(ann, { replay: { ttl_s: 60, max_bytes: 65_536 } });
    const held = await join(minted, { as: ann, name: "own", at: 1 });
    held.say("kept");
    await http("POST", "/v1/account/keys", {
      bearer: ann.credential,
      body: { name: "k", scopes: ["read"] },
    });
    await operate("POST", `/accounts/${ann.account_id}/suspend`);
    const confirm = ann.namespace;
    expect((await operate("DELETE", `/accounts/${ann.account_id}`, { confirm })).status).toBe(204);
    await held.ended();
    const redis = new Redis(cluster().redisUrl);
    try {
      const marks = /^ams:(?:namespace|audit):/;
      const words = [ann.account_id, ann.namespace, minted.conversation_id];
      await until(
        () => holding(redis, words),
        (left) => left.every((key) => marks.test(key)),
      );
    } finally {
      redis.disconnect();
    }
  });

  test("§11.4 gateways report their sockets, their largest conversations and who emits most", async () => {
    const ann = await createAccount();
    const minted = await mint(ann);
    const reader = await join(minted, { as: ann, name: "reader", at: 0 });
    const writer = await join(minted, { as: ann, name: "writer", at: 0 });
    let said = 0;
    const attempt = async () => {
      for (let more = 0; more < 20; more += 1) {
        said += 1;
        writer.say(`canary-${said}`);
      }
      const { json, text } = await operate("GET", "/overview");
      expect(text).not.toContain("canary");
      const isThere = (list: readonly { conversation_id: string }[]) =>
        list.some((one) => one.conversation_id === minted.conversation_id);
      return isThere(json.largest) && isThere(json.talkers) ? json : null;
    };
    const overview = await until(attempt, (seen) => seen !== null);
    expect(overview.gateways).toBe(2);
    expect(overview.talkers[0]).toMatchObject({ stream_id: writer.id, account_id: ann.account_id });
    expect(overview.connections).toBeGreaterThanOrEqual(2);
    expect(reader.endedByBroker).toBeNull();
  });

  test("§11.4 a gateway that is drained notifies its sockets, refuses connects, and says so", async () => {
    const ann = await createAccount();
    const minted = await mint(ann);
    const [moved, stays] = [
      await join(minted, { as: ann, name: "moved", at: 1 }),
      await join(minted, { as: ann, name: "stays", at: 0 }),
    ];
    const { gateways } = (await operate("GET", "/gateways")).json;
    const victim = gateways.find((one: { instance: string }) => one.instance === "gateway-2");
    const drained = await operate("POST", `/gateways/${victim.gateway}/drain`);
    expect(drained.json).toEqual({ asked: true });
    expect((await moved.ended()).code).toBe(4503);
    await expectRefusal(dial(minted, { as: ann, name: "late", at: 1 }), 4503, "draining");
    const isDraining = (one: typeof victim) => one.gateway === victim.gateway && one.draining;
    await until(
      async () => (await operate("GET", "/gateways")).json.gateways,
      (now) => now.some(isDraining),
    );
    expect(stays.endedByBroker).toBeNull();
    expect(cluster().gateways[1]?.isRunning()).toBe(true);
    const { events } = (await operate("GET", "/audit?limit=1")).json;
    expect(events[0]).toMatchObject({
      action: "gateway_drained",
      target: `${victim.gateway} gateway-2`,
      request_id: drained.requestId,
    });
  });

  test("§11 no key and no reason is in any log of the deployment", async () => {
    const logs = JSON.stringify(await cluster().logs());
    expect(logs).toContain("operator_action");
    for (const secret of ["ams_op_", "floods"]) expect(logs).not.toContain(secret);
  });
});

/** Whether a connect is let in now. */
async function joined(minted: Minted, account: Account): Promise<boolean> {
  const one = dial(minted, { as: account, at: 1 });
  await until(
    async () => one.frames.length > 0 || one.endedByBroker !== null,
    (isOver) => isOver,
  );
  const isIn = one.endedByBroker === null;
  one.leave();
  return isIn;
}

/** Keys whose name or content has one of these. */
async function holding(redis: Redis, words: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const key of await redis.keys("*")) {
    const content = await contentOf(redis, key);
    if (words.some((word) => `${key} ${content}`.includes(word))) found.push(key);
  }
  return found;
}

async function contentOf(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case "string":
      return (await redis.get(key)) ?? "";
    case "hash":
      return JSON.stringify(await redis.hgetall(key));
    case "set":
      return JSON.stringify(await redis.smembers(key));
    case "zset":
      return JSON.stringify(await redis.zrange(key, 0, -1));
    case "stream":
      return JSON.stringify(await redis.xrange(key, "-", "+"));
    default:
      return "";
  }
}
