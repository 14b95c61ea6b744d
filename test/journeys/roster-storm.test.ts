/**
 * Hundreds of joins, leaves, takeovers and cut connections at once, on three gateways: the roster
 * stays true (§5.5, §5.6).
 */
import { expect, test } from "vitest";
import WebSocket from "ws";
import { type Account, createAccount, inspect, type Minted, mint } from "../conformance/driver.ts";
import { dial, join, type Subscriber } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range } from "./journey.ts";

const GATEWAYS = 3;
const ACCOUNTS = 5;
const STEPS = 300;

/**
 * Different streams in the storm, so that half of the joins take one over or come back behind a
 * leave.
 */
const STREAMS = 150;

onRedis("three gateways", () => {
  inCluster({ gateways: GATEWAYS });

  test("§5.6 after 300 joins, leaves, takeovers and cuts at once every reader, every gateway and inspect agree", async () => {
    const accounts = await Promise.all(range(ACCOUNTS).map(() => createAccount()));
    const owner = accounts[0] ?? expect.fail();
    const minted = await mint(owner);
    const observers = await Promise.all(
      range(GATEWAYS).map((at) => join(minted, { as: owner, name: `observer-${at}`, at })),
    );
    const lives = range(STEPS).map((step) => live(minted, accounts, step));
    await Promise.all(lives);
    const present = (await Promise.all(lives)).filter(isOpen);
    expect(present.length, "some stay").toBeGreaterThan(0);

    // Behind this token on each stream, everything that was announced before has arrived.
    const fences = await Promise.all(
      range(GATEWAYS).map((at) => join(minted, { as: owner, name: `fence-${at}`, at })),
    );
    const all = [...observers, ...present, ...fences];
    const { streams } = await inspect(minted);
    const listed = new Set(streams.map(({ stream_id }) => stream_id));
    expect(listed).toEqual(new Set(all.map(({ id }) => id)));
    expect(streams).toHaveLength(all.length);
    for (const reader of all) {
      await reader.see("the true roster", () => isSame(reader.invariants.roster, listed));
    }
    for (const [at, fence] of fences.entries()) fence.say(`fence ${at}`);
    for (const reader of [...observers, ...present]) {
      for (const at of range(GATEWAYS)) await reader.token(`fence ${at}`);
      expect(reader.invariants.roster).toEqual(listed);
    }
  });
});

/**
 * One subscriber's life in the storm: it joins, speaks, and stays, leaves, is cut, or is taken over
 * by another.
 */
async function live(
  minted: Minted,
  accounts: readonly Account[],
  step: number,
): Promise<Subscriber> {
  const stream = step % STREAMS;
  const as = accounts[stream % accounts.length];
  const name = `s${stream}`;
  const one = dial(minted, { as, name, at: step % GATEWAYS });
  // Before it is in the roster.
  if (step % 11 === 0) one.socket.once("upgrade", () => one.socket.terminate());
  if (!(await one.settled()) || !isOpen(one)) return one;
  one.say(`token of ${step}`);
  if (step % 3 === 1) one.leave();
  if (step % 5 === 2) one.socket.terminate();
  if (step % 7 === 3) one.send("not JSON");
  if (!isOpen(one) || step % 7 === 3) await one.closed;
  return one;
}

function isOpen(one: Subscriber): boolean {
  return one.endedByBroker === null && one.socket.readyState === WebSocket.OPEN;
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((id) => other.has(id));
}
