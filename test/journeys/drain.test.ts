/** A gateway that holds 300 sockets is asked to stop. */
import { expect, test } from "vitest";
import WebSocket from "ws";
import { createAccount, inspect, mint, until } from "../conformance/driver.ts";
import { dial, type FrameOf, join, type Subscriber } from "../conformance/subscriber.ts";
import { gatewayOf, inCluster, onRedis, range, readiness } from "./journey.ts";

const CONVERSATIONS = 10;
const SOCKETS_EACH = 30;

/**
 * Milliseconds, as set for this cluster: in which the sockets are closed, and over which their
 * returns are spread.
 */
const DRAIN_MS = 2_000;
const SPREAD_MS = 4_000;

/** Milliseconds beyond the drain in which the process must have ended. */
const GRACE_MS = 10_000;

onRedis("of two gateways the first", () => {
  const env = { AMS_DRAIN_MS: String(DRAIN_MS), AMS_DRAIN_SPREAD_MS: String(SPREAD_MS) };
  const cluster = inCluster({ gateways: 2, env });

  test("§4.9 notifies 300 sockets when to come back, closes them 4503, refuses joins, loses nothing and exits 0", async () => {
    const [stopping, staying] = [gatewayOf(cluster(), 0), gatewayOf(cluster(), 1)];
    const ann = await createAccount();
    const all = await Promise.all(range(CONVERSATIONS).map(() => mint(ann)));
    const readers = await Promise.all(
      all.map((minted) => join(minted, { as: ann, name: "reader", at: 1 })),
    );
    const leaving = await Promise.all(
      all.flatMap((minted) =>
        range(SOCKETS_EACH).map((n) => join(minted, { as: ann, name: `s${n}`, at: 0 })),
      ),
    );
    for (const one of leaving) one.say(`last word of ${one.id}`);
    await Promise.all(leaving.map((one) => one.drained()));

    const began = performance.now();
    const exited = stopping.stop();
    await until(
      () => readiness(stopping),
      (status) => status === 503,
    );
    expect(countOpen(leaving), "not ready while sockets live").toBeGreaterThan(0);
    const late = dial(all[0] ?? expect.fail(), { as: ann, name: "late", at: 0 });
    expect(await late.settled()).toBe(false);
    expect(await late.ended()).toEqual({ code: 4503, reason: "draining" });

    const ends = await Promise.all(leaving.map((one) => one.ended()));
    expect(ends).toEqual(leaving.map(() => ({ code: 4503, reason: "draining" })));
    expect(await exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(DRAIN_MS + SPREAD_MS + GRACE_MS);
    expectSpread(leaving);

    for (const [index, reader] of readers.entries()) {
      await reader.see("only itself", () => reader.peers.size === 0);
      const own = leaving.slice(index * SOCKETS_EACH, (index + 1) * SOCKETS_EACH);
      expect([...reader.heard].sort()).toEqual(own.map(({ id }) => `last word of ${id}`).sort());
      expect((await inspect(all[index] ?? expect.fail())).streams).toHaveLength(1);
    }
    expect(await readiness(staying)).toBe(200);

    const back = await join(all[0] ?? expect.fail(), { as: ann, name: "s0", at: 1 });
    back.say("I am back");
    await readers[0]?.token("I am back");
  });
});

function countOpen(subscribers: readonly Subscriber[]): number {
  return subscribers.filter(({ socket }) => socket.readyState === WebSocket.OPEN).length;
}

/** Each was notified once when to come back, and the times fill the whole spread. */
function expectSpread(subscribers: readonly Subscriber[]): void {
  const received = subscribers.map(({ frames }) =>
    frames.filter((frame): frame is FrameOf<"x_drain"> => frame.type === "x_drain"),
  );
  expect(received.map((drains) => drains.length)).toEqual(subscribers.map(() => 1));
  const times = received.flatMap((drains) => drains.map((drain) => drain.reconnect_after_ms));
  const quarters = times.map((ms) => Math.floor((4 * ms) / SPREAD_MS));
  // Of 300 times at random a quarter of the spread holds fewer than 25 once in millions of runs.
  for (const quarter of range(4)) {
    expect(quarters.filter((one) => one === quarter).length).toBeGreaterThan(25);
  }
  expect(quarters.filter((quarter) => quarter < 0 || quarter > 3)).toEqual([]);
}
