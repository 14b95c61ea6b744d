// What every bus promises (bus.ts). Run by the test of each driver.
import { expect, test } from "vitest";
import { endOfTurn } from "../testing/fakes.ts";
import type { Bus, Deliver } from "./bus.ts";

/** Two ports of one bus, and how to end them. */
export type BusPair = { readonly a: Bus; readonly b: Bus; readonly close: () => Promise<void> };

const CHANNEL = "ams:{p7}:conv_1";
const OTHER = "ams:{p8}:conv_2";

/** Collects what comes, and resolves once so many have come. */
export function collect() {
  const heard: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const deliver: Deliver = (payload) => {
    heard.push(payload.toString());
    for (const each of waiting) if (heard.length >= each.count) each.resolve();
  };
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      waiting.push({ count, resolve });
      if (heard.length >= count) resolve();
    });
  return { heard, deliver, until };
}

async function within(open: () => Promise<BusPair>, use: (pair: BusPair) => Promise<void>) {
  const pair = await open();
  try {
    await use(pair);
  } finally {
    await pair.close();
  }
}

export function testBus(name: string, open: () => Promise<BusPair>): void {
  test(`${name}: what one publisher publishes arrives at every subscriber, its own too, in that order`, () =>
    within(open, async ({ a, b }) => {
      const [atA, atB] = [collect(), collect()];
      await a.subscribe(CHANNEL, atA.deliver);
      await b.subscribe(CHANNEL, atB.deliver);
      const sent = Array.from({ length: 500 }, (_, n) => `${n}`);
      const taken = await Promise.all(sent.map((text) => a.publish(CHANNEL, Buffer.from(text))));
      await Promise.all([atA.until(500), atB.until(500)]);
      expect(taken.every(Boolean)).toBe(true);
      expect(atA.heard).toEqual(sent);
      expect(atB.heard).toEqual(sent);
    }));

  test(`${name}: all subscribers hear all publishers in one and the same order`, () =>
    within(open, async ({ a, b }) => {
      const [atA, atB] = [collect(), collect()];
      // Each answers what it hears first: answers come behind what they answer, at everybody.
      const answering = (
        bus: Bus,
        from: string,
        { heard, deliver }: ReturnType<typeof collect>,
      ) => {
        return (payload: Buffer) => {
          deliver(payload);
          const answer = Buffer.from(`${from}${heard.length}`);
          if (heard.length <= 20) bus.publish(CHANNEL, answer).catch(() => undefined);
        };
      };
      await a.subscribe(CHANNEL, answering(a, "a", atA));
      await b.subscribe(CHANNEL, answering(b, "b", atB));
      await a.publish(CHANNEL, Buffer.from("first"));
      await Promise.all([atA.until(41), atB.until(41)]);
      expect(atA.heard[0]).toBe("first");
      expect(atA.heard).toEqual(atB.heard);
    }));

  test(`${name}: bytes arrive as they were, and on their own channel only`, () =>
    within(open, async ({ a, b }) => {
      const payloads: Buffer[] = [];
      const other = collect();
      const done = new Promise<void>((resolve) => {
        const deliver = (payload: Buffer) => {
          if (payloads.push(Buffer.from(payload)) === 2) resolve();
        };
        b.subscribe(CHANNEL, deliver).then(
          async () => {
            await b.subscribe(OTHER, other.deliver);
            await a.publish(OTHER, Buffer.from("other"));
            await a.publish(CHANNEL, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
            await a.publish(CHANNEL, Buffer.alloc(0));
          },
          () => undefined,
        );
      });
      await done;
      await other.until(1);
      expect([...(payloads[0] ?? [])]).toEqual(Array.from({ length: 256 }, (_, byte) => byte));
      expect(payloads[1]?.length).toBe(0);
      expect(other.heard).toEqual(["other"]);
    }));

  test(`${name}: an unsubscribed channel is silent here, stays alive elsewhere, and can be subscribed again`, () =>
    within(open, async ({ a, b }) => {
      const [atA, again, atB] = [collect(), collect(), collect()];
      await a.subscribe(CHANNEL, atA.deliver);
      await b.subscribe(CHANNEL, atB.deliver);
      await b.publish(CHANNEL, Buffer.from("1"));
      await atA.until(1);
      a.unsubscribe(CHANNEL);
      a.unsubscribe(CHANNEL);
      a.unsubscribe(OTHER);
      await endOfTurn();
      await b.publish(CHANNEL, Buffer.from("2"));
      await atB.until(2);
      await a.subscribe(CHANNEL, again.deliver);
      await b.publish(CHANNEL, Buffer.from("3"));
      await again.until(1);
      expect(atA.heard).toEqual(["1"]);
      expect(again.heard).toEqual(["3"]);
      await atB.until(3);
      expect(atB.heard).toEqual(["1", "2", "3"]);
    }));

  test(`${name}: a later subscriber of a channel takes the place of an earlier one at the same port`, () =>
    within(open, async ({ a }) => {
      const [first, second] = [collect(), collect()];
      await a.subscribe(CHANNEL, first.deliver);
      await a.subscribe(CHANNEL, second.deliver);
      await a.publish(CHANNEL, Buffer.from("1"));
      await second.until(1);
      expect(first.heard).toEqual([]);
      a.unsubscribe(CHANNEL);
      await a.subscribe(OTHER, first.deliver);
      await a.publish(CHANNEL, Buffer.from("2"));
      await a.publish(OTHER, Buffer.from("3"));
      await first.until(1);
      expect(second.heard).toEqual(["1"]);
    }));

  test(`${name}: a bus that carries is ready`, () =>
    within(open, async ({ a }) => {
      await a.subscribe(CHANNEL, () => undefined);
      expect(a.notReady()).toBeNull();
    }));
}
