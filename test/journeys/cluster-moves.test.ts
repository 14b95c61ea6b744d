/**
 * Slots of a Redis Cluster change hands under load: a graceful failover, a slot that is moved with
 * its keys, a master that is killed. Each reader holds every frame, or an `x_gap` that covers it
 * (§4.7, §5.9).
 */

import { setTimeout as pause } from "node:timers/promises";
import { type RedisCluster, startRedisCluster } from "@ams/store/testing";
import { afterAll, expect, test } from "vitest";
import { createAccount, type Minted, mint, until } from "../conformance/driver.ts";
import { join, type Subscriber } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range, readiness } from "./journey.ts";
import { expectInOrder, expectNothingSilent, knowsOf } from "./losses.ts";

const GATEWAYS = 3;

/** Conversations of one test: some lie in the slots that move, others don't. */
const TALKS = 6;

/**
 * Milliseconds between two tokens of a speaker, and for which it speaks before and after the
 * change.
 */
const PACE_MS = 10;
const SPEAKING_MS = 1_000;

/** Milliseconds within which every reader knows of every token, and new ones can join. */
const WHOLE_MS = 10_000;

/** Milliseconds after which a killed master counts as down. */
const NODE_TIMEOUT_MS = 1_500;

type Talk = {
  readonly minted: Minted;
  readonly speaker: Subscriber;
  readonly readers: readonly Subscriber[];
  sent: number;
};

onRedis("three gateways on a Redis Cluster", () => {
  let redis: RedisCluster | null = null;
  const cluster = inCluster(async () => {
    redis = await startRedisCluster({ nodeTimeoutMs: NODE_TIMEOUT_MS });
    return { gateways: GATEWAYS, redisUrl: redis.url };
  });
  afterAll(() => redis?.stop());

  test("§4.7 §5.9.1 a graceful failover leaves no reader without its frames, and new ones join", async () => {
    await expectWholeAfter(async (on, channel) => on.failOver(await on.masterOf(channel)));
  });

  test("§4.7 §5.9.1 a slot that is moved with its keys leaves no reader without its frames, and new ones join", async () => {
    await expectWholeAfter((on, channel) => on.moveSlot(channel));
  });

  test("§4.7 §5.9.1 a master that is killed leaves no reader without its frames once its replica serves, and new ones join", async () => {
    await expectWholeAfter(async (on, channel) => (await on.masterOf(channel)).kill());
  });

  /** The change happens to the slot of the first talk's channel. */
  async function expectWholeAfter(
    change: (on: RedisCluster, channel: string) => Promise<void>,
  ): Promise<void> {
    const on = redis ?? expect.fail("there is no Redis Cluster");
    const ann = await createAccount();
    const talks = await Promise.all(range(TALKS).map((index) => begin(ann, index)));
    const [first] = talks;
    const channel = await channelOf(on, first?.minted.conversation_id ?? "");
    const stop = new AbortController();
    const speaking = talks.map((talk) => speak(talk, stop.signal));
    await pause(SPEAKING_MS);
    await change(on, channel);
    const deadline = performance.now() + WHOLE_MS;
    await pause(SPEAKING_MS);
    stop.abort();
    await Promise.all(speaking);
    for (const talk of talks) await expectWhole(talk, deadline);
    for (const { minted } of talks) {
      for (const at of range(GATEWAYS)) {
        const newcomer = await until(
          () => join(minted, { as: ann, at }).catch(() => null),
          (joined) => joined !== null,
        );
        newcomer?.leave();
      }
    }
    for (const gateway of cluster().gateways) {
      await until(
        () => readiness(gateway),
        (status) => status === 200,
      );
    }
    for (const { speaker, readers } of talks) {
      for (const one of [speaker, ...readers]) {
        expect(one.endedByBroker).toBeNull();
        one.leave();
      }
    }
  }
});

/** A speaker on one gateway, and a reader on each. */
async function begin(ann: Awaited<ReturnType<typeof createAccount>>, index: number): Promise<Talk> {
  const minted = await mint(ann);
  const speaker = await join(minted, { as: ann, name: "speaker", at: index % GATEWAYS });
  const readers = await Promise.all(
    range(GATEWAYS).map((at) => join(minted, { as: ann, name: `reader-${at}`, at })),
  );
  for (const reader of readers) await reader.see("all", () => reader.peers.size === GATEWAYS);
  return { minted, speaker, readers, sent: 0 };
}

async function speak(talk: Talk, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    talk.sent += 1;
    talk.speaker.say(`${talk.sent}`);
    await pause(PACE_MS);
  }
}

async function expectWhole({ speaker, readers, sent }: Talk, deadline: number): Promise<void> {
  const { epoch } = speaker.joined;
  for (const reader of readers) {
    const leftMs = Math.max(1, deadline - performance.now());
    await reader.see(`${sent} tokens`, () => knowsOf(reader, speaker.id) === sent, leftMs);
    expectInOrder(reader, speaker.id);
    expectNothingSilent(reader, speaker.id, { epoch, first: 1, last: sent });
  }
}

/** The channel of this conversation, as a node of the cluster lists it. */
async function channelOf(on: RedisCluster, conversationId: string): Promise<string> {
  for (const channel of await on.channels()) if (channel.includes(conversationId)) return channel;
  return expect.fail("no node has the conversation's channel");
}
