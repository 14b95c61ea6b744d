/**
 * The forms in which a deployment may have its Redis, with real processes: a failover by Sentinel
 * under load, and TLS to one Redis and to the shards of a Cluster, for commands and subscriptions.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  makeCertificate,
  type RedisCluster,
  type RedisSentinel,
  type RedisServer,
  startRedisCluster,
  startRedisSentinel,
  startTlsRedis,
} from "@ams/store/testing";
import { Redis } from "ioredis";
import { afterAll, expect, test } from "vitest";
import { createAccount, mint, until } from "../conformance/driver.ts";
import { join, type Subscriber } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range } from "./journey.ts";
import { expectInOrder, expectNothingSilent, knowsOf, tokensOf } from "./losses.ts";

/** Milliseconds between two tokens, and for which there are some before and after the fault. */
const PACE_MS = 10;
const SPEAKING_MS = 1_500;

/** Milliseconds within which tokens cross again: Sentinel's second, its vote, our connections. */
const WHOLE_MS = 20_000;

/** Conversations that are tried on a Cluster: each lies in another slot. */
const TALKS = 6;

onRedis("two gateways on a master that Sentinel watches", () => {
  let redis: RedisSentinel | null = null;
  const cluster = inCluster(async () => {
    redis = await startRedisSentinel();
    return { gateways: 2, redisUrl: redis.url };
  });
  afterAll(() => redis?.stop());

  test("§4.7 §5.9.1 the master is killed under load: nothing is lost in silence, and tokens cross again", async () => {
    const { master } = redis ?? expect.fail();
    const ann = await createAccount();
    const minted = await mint(ann);
    const speaker = await join(minted, { as: ann, name: "speaker", at: 0 });
    const reader = await join(minted, { as: ann, name: "reader", at: 1 });
    const near = await join(minted, { as: ann, name: "near", at: 0 });
    let sent = 0;
    const speak = async (ms: number) => {
      for (const untilMs = performance.now() + ms; performance.now() < untilMs; sent += 1) {
        speaker.say(`${sent + 1}`);
        await pause(PACE_MS);
      }
    };
    await speak(SPEAKING_MS);
    await master.kill();
    await speak(SPEAKING_MS);
    // New ones can join only once the replica serves; the speaker goes on meanwhile.
    const crossed = async () => {
      speaker.say(`${++sent}`);
      await pause(100);
      return tokensOf(reader, speaker.id).at(-1)?.data === `${sent}`;
    };
    await until(crossed, (isSo) => isSo, WHOLE_MS);
    const heard = async () => Math.min(...[reader, near].map((one) => knowsOf(one, speaker.id)));
    await until(heard, (n) => n === sent, WHOLE_MS);
    const { epoch } = speaker.joined;
    for (const one of [reader, near]) {
      expectInOrder(one, speaker.id);
      expectNothingSilent(one, speaker.id, { epoch, first: 1, last: sent });
    }
    expect(tokensOf(near, speaker.id)).toHaveLength(sent);
    // Control finds the new master by itself too.
    const mintAgain = () =>
      mint(ann).then(
        (made) => made,
        () => null,
      );
    const made = await until(mintAgain, (one) => one !== null, WHOLE_MS);
    const late = await join(made ?? expect.fail(), { as: ann, name: "late", at: 1 });
    expect(late.joined.peers).toEqual([]);
    expect(cluster().gateways.every((gateway) => gateway.isRunning())).toBe(true);
  });
});

onRedis("two gateways that reach their Redis over TLS", () => {
  const folder = mkdtempSync(joinPath(tmpdir(), "ams-tls-"));
  let server: RedisServer | null = null;
  inCluster(async () => {
    const files = await makeCertificate(folder);
    const redis = await startTlsRedis(files);
    server = redis.server;
    const env = { NODE_EXTRA_CA_CERTS: files.cert };
    return { gateways: 2, redisUrl: redis.url, env };
  });
  afterAll(async () => {
    await server?.kill();
    rmSync(folder, { recursive: true });
  });

  test("commands and subscriptions go over TLS, also when the subscriptions are cut and made again", async () => {
    const plain = new Redis(server?.url ?? expect.fail());
    try {
      await expectCrossing();
      await plain.call("CLIENT", "KILL", "TYPE", "pubsub");
      await expectCrossing();
    } finally {
      plain.disconnect();
    }
  });
});

onRedis("two gateways that reach the shards of a Cluster over TLS", () => {
  const folder = mkdtempSync(joinPath(tmpdir(), "ams-tls-"));
  let redis: RedisCluster | null = null;
  inCluster(async () => {
    const tls = await makeCertificate(folder);
    redis = await startRedisCluster({ tls });
    return { gateways: 2, redisUrl: redis.url, env: { NODE_EXTRA_CA_CERTS: tls.cert } };
  });
  afterAll(async () => {
    await redis?.stop();
    rmSync(folder, { recursive: true });
  });

  test("commands and sharded subscriptions go over TLS, whatever slot a conversation lies in", async () => {
    await Promise.all(range(TALKS).map(() => expectCrossing()));
    expect(await redis?.channels()).not.toEqual([]);
  });
});

/** A token goes from each of two gateways to the other, in a conversation of its own. */
async function expectCrossing(): Promise<void> {
  const ann = await createAccount();
  const minted = await mint(ann);
  const both: Subscriber[] = [];
  for (const at of range(2)) {
    // 4500 while a subscription is being made again: a client comes back.
    const attempt = () => join(minted, { as: ann, name: `at-${at}`, at }).catch(() => null);
    const joined = await until(attempt, (subscriber) => subscriber !== null, WHOLE_MS);
    both.push(joined ?? expect.fail());
  }
  const [one = expect.fail(), other = expect.fail()] = both;
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const said = async () => {
      from.say("across");
      await pause(50);
      return tokensOf(to, from.id).length;
    };
    await until(said, (count) => count > 0, WHOLE_MS);
  }
}
