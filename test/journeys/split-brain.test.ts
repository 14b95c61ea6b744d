/**
 * A gateway misses that a stream of its own was taken over: at most one connection holds a stream
 * (§3.5, §5.5, §5.6).
 */
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { createAccount, inspect, mint, until } from "../conformance/driver.ts";
import { join, type Subscriber } from "../conformance/subscriber.ts";
import { gatewayOf, inCluster, onRedis, range, readiness } from "./journey.ts";
import { expectInOrder, tokensOf } from "./losses.ts";

const DISPLACED = { code: 4001, reason: "stream_displaced" };

/**
 * Milliseconds of a freeze after which the others have swept the gateway: its lease and one
 * heartbeat.
 */
const PAST_LEASE_MS = 7_500;

/** Milliseconds after the last fault within which every roster is true. */
const RIGHT_WITHIN_MS = 10_000;

/** Tokens that the old holder's client sends to the frozen gateway. */
const LATE_TOKENS = 500;

onRedis("two gateways, one of which stands still", () => {
  const cluster = inCluster({ gateways: 2 });

  /** A writer on the gateway that will be frozen, and a reader on each. */
  async function setUp() {
    const ann = await createAccount();
    const minted = await mint(ann);
    const writer = await join(minted, { as: ann, name: "writer", at: 0 });
    const readers = await Promise.all(
      range(2).map((at) => join(minted, { as: ann, name: `reader-${at}`, at })),
    );
    for (const reader of readers) await reader.see("both peers", () => reader.peers.size === 2);
    writer.say("before");
    for (const reader of readers) await reader.token("before");
    return { ann, minted, writer, readers };
  }

  async function whileFrozen<Value>(work: () => Promise<Value>): Promise<Value> {
    const { pid } = gatewayOf(cluster(), 0);
    process.kill(pid, "SIGSTOP");
    try {
      return await work();
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }

  async function cutSubscribers(): Promise<void> {
    const killer = new Redis(cluster().redisUrl);
    try {
      await killer.call("CLIENT", "KILL", "TYPE", "pubsub");
    } finally {
      killer.disconnect();
    }
    const at = () => readiness(gatewayOf(cluster(), 1));
    await until(at, (status) => status === 200);
  }

  async function expectOneRoster(
    minted: Parameters<typeof inspect>[0],
    readers: readonly Subscriber[],
    expected: readonly Subscriber[],
  ): Promise<void> {
    const ids = new Set(expected.map(({ id }) => id));
    // A gateway that was swept claims its streams again at its next heartbeat (§5.9).
    const directory = async () => (await inspect(minted)).streams.map(({ stream_id }) => stream_id);
    const isWhole = (named: readonly string[]) =>
      named.length === ids.size && named.every((id) => ids.has(id));
    await until(directory, isWhole, RIGHT_WITHIN_MS);
    for (const reader of readers) {
      const isTrue = () => [...ids].every((id) => reader.invariants.roster.has(id));
      await reader.see(
        "the true roster",
        () => isTrue() && reader.invariants.roster.size === ids.size,
      );
    }
  }

  test("§3.5.1 a takeover that it could not hear ends its connection, also when the new holder has left", async () => {
    const { ann, minted, writer, readers } = await setUp();
    await whileFrozen(async () => {
      await cutSubscribers();
      const heir = await join(minted, { as: ann, name: "writer", at: 1 });
      heir.leave();
      await heir.closed;
      await readers[1]?.see("that it left", () => readers[1]?.peers.size === 1);
    });
    expect(await writer.ended()).toEqual(DISPLACED);
    await expectOneRoster(minted, readers, readers);
    const third = await join(minted, { as: ann, name: "writer", at: 1 });
    third.say("third");
    for (const reader of readers) {
      await reader.token("third");
      expectInOrder(reader, third.id);
    }
    await expectOneRoster(minted, readers, [...readers, third]);
  });

  test("§3.5.1 §5.2 frozen past its lease, it emits nothing of a stream that was taken over meanwhile", async () => {
    const { ann, minted, writer, readers } = await setUp();
    const heir = await whileFrozen(async () => {
      for (let n = 0; n < LATE_TOKENS; n += 1) writer.say(`late ${n}`);
      await pause(PAST_LEASE_MS);
      const taker = await join(minted, { as: ann, name: "writer", at: 1 });
      for (let n = 0; n < LATE_TOKENS; n += 1) taker.say(`new ${n}`);
      await readers[1]?.token(`new ${LATE_TOKENS - 1}`);
      return taker;
    });
    expect(await writer.ended()).toEqual(DISPLACED);
    for (const reader of readers) {
      heir.say(`to ${reader.id}`);
      await reader.token(`to ${reader.id}`);
      expectInOrder(reader, writer.id);
      const late = tokensOf(reader, writer.id).filter(({ data }) => data.startsWith("late"));
      expect(late, "tokens of the connection that was taken over").toEqual([]);
    }
    await expectOneRoster(minted, readers, [...readers, heir]);
  });

  test("§5.9 frozen past its lease and not taken over, it emits what its client sent meanwhile, once", async () => {
    const { writer, readers } = await setUp();
    await whileFrozen(async () => {
      for (let n = 0; n < LATE_TOKENS; n += 1) writer.say(`late ${n}`);
      await pause(PAST_LEASE_MS);
    });
    writer.say("last");
    await readers[0]?.token("last");
    await readers[1]?.token("last");
    for (const reader of readers) expectInOrder(reader, writer.id);
    const heard = tokensOf(readers[0] ?? expect.fail(), writer.id).map(({ data }) => data);
    expect(heard).toEqual(["before", ...range(LATE_TOKENS).map((n) => `late ${n}`), "last"]);
    expect(writer.endedByBroker).toBeNull();
  });
});
