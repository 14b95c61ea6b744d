/**
 * Redis is killed and comes back, stands still, or cuts a subscriber's connection: the gateways
 * serve on and report what is lost (§5.9).
 */
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import type { RedisServer } from "../cluster/redis-server.ts";
import {
  type Account,
  createAccount,
  inspect,
  type Minted,
  mint,
  until,
} from "../conformance/driver.ts";
import { readSeq } from "../conformance/invariants.ts";
import { dial, expectRefusal, join, type Subscriber } from "../conformance/subscriber.ts";
import { gatewayOf, inCluster, metric, onRedis, readiness } from "./journey.ts";
import {
  countLeft,
  expectInOrder,
  expectNothingSilent,
  gapsOf,
  knowsOf,
  tokensOf,
} from "./losses.ts";

/** Tokens that are sent while Redis is away. */
const LOST = 5;

/**
 * Milliseconds for which tokens are sent behind each cut: longer than a subscriber needs to come
 * back.
 */
const SPEAKING_MS = 400;

onRedis("two gateways whose Redis", () => {
  const cluster = inCluster({ gateways: 2 });

  function redis(): RedisServer {
    return cluster().redis ?? expect.fail("the cluster has no Redis of its own");
  }

  async function allReady(status: number): Promise<void> {
    const { gateways, control } = cluster();
    // Control is asked for rosters, and finds its own way back to Redis.
    for (const member of status === 200 ? [...gateways, control] : gateways) {
      await until(
        () => readiness(member),
        (is) => is === status,
      );
    }
  }

  /**
   * Two subscribers on each gateway, one of which will leave; all of them have heard `speaker`
   * once.
   */
  async function setUp() {
    const ann = await createAccount();
    const minted = await mint(ann);
    const member = (name: string, at: number) => join(minted, { as: ann, name, at });
    const speaker = await member("speaker", 0);
    const [near, far] = [await member("near", 0), await member("far", 1)];
    const leavers = [await member("leaves-here", 0), await member("leaves-there", 1)];
    const stays = [speaker, near, far];
    for (const one of [...stays, ...leavers]) await one.see("four", () => one.peers.size === 4);
    speaker.say("before");
    for (const one of [near, far]) await one.token("before");
    return { ann, minted, speaker, near, far, stays, leavers };
  }

  /**
   * What must hold while Redis is away, whatever the way: the speaker's tokens reach its own
   * gateway, and two leave.
   */
  async function serveOn({ speaker, near, far, leavers }: Awaited<ReturnType<typeof setUp>>) {
    for (let n = 1; n <= LOST; n += 1) speaker.say(`while away ${n}`);
    for (let n = 1; n <= LOST; n += 1) await near.token(`while away ${n}`);
    for (const leaver of leavers) leaver.leave();
    for (const [leaver, witness] of [
      [leavers[0], near],
      [leavers[1], far],
    ]) {
      await witness?.next("stream_left", ({ stream_id }) => stream_id === leaver?.id);
    }
  }

  async function expectWhole(all: Awaited<ReturnType<typeof setUp>>) {
    const { ann, minted, speaker, near, far, stays, leavers } = all;
    const last = LOST + 1;
    // Without another frame of the speaker: what was lost on the way is reported.
    await far.see("all tokens, or a gap", () => knowsOf(far, speaker.id) === last, 15_000);
    for (const one of stays) {
      await one.see("that both have left", () => one.peers.size === stays.length - 1, 15_000);
      for (const leaver of leavers) expect(countLeft(one, leaver.id)).toBe(1);
    }
    speaker.say("after");
    for (const one of [near, far]) {
      const { seq } = await one.token("after");
      const { epoch } = speaker.joined;
      expect(readSeq(seq)).toEqual({ epoch, n: last + 1 });
      expectInOrder(one, speaker.id);
      expectNothingSilent(one, speaker.id, { epoch, first: 1, last: last + 1 });
    }
    expect(tokensOf(near, speaker.id)).toHaveLength(last + 1);
    await expectRoster(minted, ann, stays);
  }

  test.for([2, 9])("§5.9 is killed and back after %i s", async (seconds) => {
    const all = await setUp();
    const began = performance.now();
    await redis().kill();
    await allReady(503);
    await serveOn(all);
    for (const at of [0, 1]) {
      await expectRefusal(dial(all.minted, { as: all.ann, at }), 4500, "internal_error");
    }
    // The scenario is an outage of this length: leases run out in the longer one.
    await pause(Math.max(0, seconds * 1_000 - (performance.now() - began)));
    await redis().restart();
    await allReady(200);
    await expectWhole(all);
    expect(gapsOf(all.far, all.speaker.id).length, "the loss was reported").toBeGreaterThan(0);
    for (const one of all.stays) expect(one.endedByBroker).toBeNull();
  });

  test("§5.9 stands still for 4 s", async () => {
    const all = await setUp();
    process.kill(redis().pid(), "SIGSTOP");
    try {
      await allReady(503);
      await serveOn(all);
      await expectRefusal(dial(all.minted, { as: all.ann }), 4500, "internal_error");
      await pause(2_000);
    } finally {
      process.kill(redis().pid(), "SIGCONT");
    }
    await allReady(200);
    await expectWhole(all);
    for (const one of all.stays) expect(one.endedByBroker).toBeNull();
  });

  test("§5.9.2 carries what nobody of the deployment wrote, on every channel: it is counted and dropped", async () => {
    const { speaker, near, far, stays, leavers } = await setUp();
    const stranger = new Redis(cluster().redisUrl);
    try {
      const channels = await stranger.pubsub("CHANNELS", "*");
      const payloads = [
        "",
        "x",
        "null",
        "[]",
        '"closed"',
        "{}",
        '{"kind":"unknown"}',
        '{"kind":"claimed"}',
        '{"kind":"claimed","entry":{"stream_id":1},"displaced":null}',
        '{"kind":"account_deleted"}',
        `{"kind":${"[".repeat(100_000)}`,
        `{"kind":"left","stream_id":"${speaker.id}","epoch":1e300,"n":{},"ts":"never"}`,
        `{"kind":"mark","mark":"${"m".repeat(1_000_000)}","tails":true}`,
        Buffer.from([1]),
        Buffer.alloc(64, 0xff),
        Buffer.concat([Buffer.from([1]), Buffer.alloc(63, 0xff)]),
      ];
      for (const channel of channels)
        for (const payload of payloads) await stranger.publish(String(channel), payload);
      speaker.say("after");
      for (const one of [near, far]) await one.token("after");
      for (const gateway of cluster().gateways) {
        expect(gateway.isRunning()).toBe(true);
        const unread = await metric(gateway, "ams_gateway_payloads_unread_total");
        expect(unread).toBeGreaterThan(payloads.length);
      }
      for (const one of [...stays, ...leavers]) {
        expect(one.endedByBroker).toBeNull();
        one.leave();
      }
    } finally {
      stranger.disconnect();
    }
  });

  test("§4.7 cuts only the subscribers' connections, under traffic: every token arrives or is reported as lost", async () => {
    const { ann, minted, speaker, near, far, stays, leavers } = await setUp();
    const killer = new Redis(cluster().redisUrl);
    try {
      let sent = 1;
      for (const round of [1, 2, 3]) {
        expect(await killer.call("CLIENT", "KILL", "TYPE", "pubsub")).toBe(2);
        const end = performance.now() + SPEAKING_MS;
        while (performance.now() < end) {
          speaker.say(`${round}`);
          sent += 1;
          await pause(1);
        }
        await allReady(200);
      }
      speaker.say("last");
      for (const one of [near, far]) {
        await one.token("last");
        const { epoch } = speaker.joined;
        expectInOrder(one, speaker.id);
        expectNothingSilent(one, speaker.id, { epoch, first: 1, last: sent + 1 });
      }
      expect(tokensOf(near, speaker.id)).toHaveLength(sent + 1);
      expect(gapsOf(far, speaker.id).length, "something was lost").toBeGreaterThan(0);
      expect(await metric(gatewayOf(cluster(), 1), "ams_gateway_gaps_total")).toBeGreaterThan(0);
      await expectRoster(minted, ann, [...stays, ...leavers]);
    } finally {
      killer.disconnect();
    }
  });
});

/**
 * Fails unless inspect, the present readers and a newcomer on each gateway agree on who is here.
 */
async function expectRoster(
  minted: Minted,
  as: Account,
  present: readonly Subscriber[],
): Promise<void> {
  const sorted = (ids: Iterable<string>) => [...ids].sort();
  const expected = sorted(present.map(({ id }) => id));
  const listed = (await inspect(minted)).streams.map(({ stream_id }) => stream_id);
  expect(sorted(listed)).toEqual(expected);
  for (const reader of present) expect(sorted(reader.invariants.roster)).toEqual(expected);
  for (const at of [0, 1]) {
    const newcomer = await join(minted, { as, at });
    expect(sorted(newcomer.peers)).toEqual(expected);
    newcomer.leave();
    for (const reader of present) {
      await reader.next("stream_left", ({ stream_id }) => stream_id === newcomer.id);
    }
  }
}
