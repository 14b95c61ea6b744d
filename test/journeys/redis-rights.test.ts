/**
 * Redis as operators run it: a user with the least rights, scripts that are flushed, memory that is
 * used up, and a server that has become a replica and takes no writes.
 */
import { type RedisServer, startRedisServer } from "@ams/store/testing";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createAccount,
  http,
  mint,
  renewLink,
  tryMint,
  unique,
  until,
} from "../conformance/driver.ts";
import { dial, join, type Subscriber } from "../conformance/subscriber.ts";
import { inCluster, onRedis, readiness } from "./journey.ts";
import { RIGHTS } from "./redis-commands.ts";

const PASSWORD = "a-password-of-this-test-0123456789";

/** Milliseconds within which everything works again once Redis does. */
const BACK_MS = 20_000;

onRedis("two gateways as a user of Redis with the least rights", () => {
  let redis: RedisServer | null = null;
  let other: RedisServer | null = null;
  let admin: Redis;
  const cluster = inCluster(async () => {
    redis = await startRedisServer();
    admin = new Redis(redis.url);
    const rules = ["on", `>${PASSWORD}`, "~ams:*", "&ams:*", ...RIGHTS];
    await admin.call("ACL", "SETUSER", "wire", ...rules);
    return { gateways: 2, redisUrl: redis.url.replace("//", `//wire:${PASSWORD}@`) };
  });
  beforeAll(async () => {
    other = await startRedisServer();
  });
  afterAll(async () => {
    admin?.disconnect();
    await Promise.all([redis?.stop(), other?.stop()]);
  });

  async function talk(body: Readonly<Record<string, unknown>> = {}) {
    const ann = await createAccount();
    const minted = await mint(ann, body);
    const [one, two] = await Promise.all(
      [0, 1].map((at) => join(minted, { as: ann, name: `at-${at}`, at })),
    );
    return { ann, minted, both: [one ?? expect.fail(), two ?? expect.fail()] as const };
  }

  async function expectCrossing([one, two]: readonly [Subscriber, Subscriber]): Promise<void> {
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      const word = unique("word");
      from.say(word);
      await to.token(word);
    }
  }

  async function expectBack(): Promise<void> {
    const { gateways, control } = cluster();
    for (const member of [...gateways, control])
      await until(
        () => readiness(member),
        (status) => status === 200,
        BACK_MS,
      );
  }

  test("all that the wire does, it may do: accounts, links, joins, takeovers, replay, deletion", async () => {
    const { ann, minted, both } = await talk({ replay: { ttl_s: 60, max_bytes: 1_048_576 } });
    await expectCrossing(both);
    const heir = await join(minted, { as: ann, name: "at-0", at: 1 });
    heir.send({ type: "set_metadata", metadata: { a: 1 } });
    await both[1].next("stream_metadata");
    const late = await join(minted, { as: ann, name: "late", query: { last_n: "10" } });
    await late.next("x_live");
    const guest = { protocols: ["ams.v1", "ams.guest"], name: unique("g") };
    await join(minted, guest);
    const bearer = ann.credential;
    const name = "key";
    const made = await http("POST", "/v1/account/keys", {
      bearer,
      body: { name, scopes: ["join"] },
    });
    expect(made.status, made.text).toBe(201);
    for (const path of ["keys", "events"])
      expect((await http("GET", `/v1/account/${path}`, { bearer })).status).toBe(200);
    expect((await http("GET", `${minted.path}/links`, { bearer })).status).toBe(200);
    await renewLink(ann, minted, { keep_connected: true });
    expect((await http("DELETE", minted.path, { bearer })).status).toBe(204);
    expect((await http("POST", "/v1/account/credential", { bearer })).status).toBe(200);
    const log = JSON.stringify(await admin.call("ACL", "LOG"));
    const refused = [...log.matchAll(/"object","([^"]*)"/g)].map(([, object]) => object);
    // A program's name and version, from Redis 7.2 on.
    expect(refused.filter((object) => object !== "client|setinfo")).toEqual([]);
  });

  test("scripts that are flushed are sent again", async () => {
    const { minted, ann, both } = await talk();
    await admin.call("SCRIPT", "FLUSH");
    await expectCrossing(both);
    await join(minted, { as: ann, name: "after", at: 1 });
  });

  test("§5.9 memory that is used up: who is here goes on, mints are 503, a link can be revoked, and joins work again", async () => {
    const { minted, ann, both } = await talk();
    await admin.config("SET", "maxmemory", "1mb");
    try {
      await expectCrossing(both);
      expect((await tryMint(ann, {})).status).toBe(503);
      await renewLink(ann, minted, { keep_connected: true });
      await expectCrossing(both);
    } finally {
      await admin.config("SET", "maxmemory", "0");
    }
    await expectBack();
    await expectCrossing((await talk()).both);
  });

  test("§5.9 a master that became a replica takes no writes: nobody is closed, nothing ends, and it is the master again", async () => {
    const { minted, ann, both } = await talk();
    const { port } = other ?? expect.fail();
    // Without a source it keeps what it has, and refuses writes.
    await other?.kill();
    await admin.replicaof("127.0.0.1", port);
    try {
      expect((await tryMint(ann, {})).status).toBe(503);
      const refused = dial(minted, { as: ann, name: "refused", at: 0 });
      expect(await refused.settled()).toBe(false);
      expect(await refused.ended()).toEqual({ code: 4500, reason: "internal_error" });
      await until(
        () => readiness(cluster().gateways[0] ?? expect.fail()),
        (status) => status === 503,
      );
    } finally {
      await admin.replicaof("NO", "ONE");
    }
    await expectBack();
    const rejoin = () => join(minted, { as: ann, name: "later", at: 1 }).catch(() => null);
    expect(await until(rejoin, (one) => one !== null, BACK_MS)).not.toBeNull();
    await expectCrossing(both);
    expect(cluster().gateways.every((gateway) => gateway.isRunning())).toBe(true);
  });
});
