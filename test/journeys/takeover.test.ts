/** A stream is taken over from gateway to gateway while its old holder goes on sending. */
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { type Account, createAccount, inspect, type Minted, mint } from "../conformance/driver.ts";
import { readSeq } from "../conformance/invariants.ts";
import { dial, join, type Subscriber } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range } from "./journey.ts";
import { expectInOrder, expectNothingSilent, tokensOf } from "./losses.ts";

const GATEWAYS = 3;
const DISPLACED = { code: 4001, reason: "stream_displaced" };

/** Tokens of one holder: far more than it gets to send before it is displaced. */
const TOKENS_MAX = 50_000;

/** Tokens that are sent between two turns of the event loop. */
const BURST = 20;

onRedis("between three gateways, under traffic", () => {
  inCluster({ gateways: GATEWAYS });

  async function setUp() {
    const [ann, bob] = [await createAccount(), await createAccount()];
    const minted = await mint(ann);
    const readers = await Promise.all(
      range(GATEWAYS).map((at) => join(minted, { as: bob, name: `reader-${at}`, at })),
    );
    for (const reader of readers) {
      await reader.see("the other readers", () => reader.peers.size === GATEWAYS - 1);
    }
    return { ann, minted, readers };
  }

  test("§3.5.1 §3.5.2 every reader hears a prefix of thousands of tokens of the old holder, then the new one's, and is notified of any loss", async () => {
    const { ann, minted, readers } = await setUp();
    for (const from of range(GATEWAYS)) {
      const old = await join(minted, { as: ann, name: `lead-${from}`, at: from });
      const sending = sendUntilDisplaced(old);
      for (const reader of readers) await reader.token(`2000 of ${old.joined.epoch}`);
      const heir = await takeOver(minted, ann, old, from + 1);
      expect(await sending, "it was still sending").toBeLessThan(TOKENS_MAX);
      for (const reader of readers) await reader.token(`first of ${heir.joined.epoch}`);
      expectFenced(readers, [old, heir]);
    }
  });

  test("§3.5 twenty takeovers in a row from gateway to gateway: nobody comes or goes, epochs rise, nothing is out of order", async () => {
    const { ann, minted, readers } = await setUp();
    const holders = [await join(minted, { as: ann, name: "lead", at: 0 })];
    for (const round of range(20)) {
      const old = holders.at(-1) ?? expect.fail();
      const sending = sendUntilDisplaced(old);
      const heir = await takeOver(minted, ann, old, round + 1);
      await sending;
      holders.push(heir);
    }
    const last = holders.at(-1) ?? expect.fail();
    for (const reader of readers) await reader.token(`first of ${last.joined.epoch}`);
    expectFenced(readers, holders);
    expect((await inspect(minted)).streams).toHaveLength(GATEWAYS + 1);
  });

  test("§3.5 of two that claim a held stream at once on two gateways one ends up with it, and everybody agrees which", async () => {
    const { ann, minted, readers } = await setUp();
    let holder = await join(minted, { as: ann, name: "lead", at: 0 });
    for (const round of range(10)) {
      const sending = sendUntilDisplaced(holder);
      const claimants = [1, 2].map((step) =>
        dial(minted, { as: ann, name: "lead", at: round + step }),
      );
      const joined = await Promise.all(claimants.map((one) => one.settled()));
      expect(await holder.ended()).toEqual(DISPLACED);
      await sending;
      const heirs = claimants.filter((_, index) => joined[index]);
      const winner = heirs.sort((a, b) => b.joined.epoch - a.joined.epoch)[0] ?? expect.fail();
      const loser = claimants.find((one) => one !== winner) ?? expect.fail();
      expect(await loser.ended()).toEqual(DISPLACED);
      winner.say(`first of ${winner.joined.epoch}`);
      for (const reader of readers) await reader.token(`first of ${winner.joined.epoch}`);
      expect(winner.socket.readyState).toBe(WebSocket.OPEN);
      holder = winner;
    }
    for (const reader of readers) {
      expectInOrder(reader, holder.id);
      expectStayed(reader, holder.id);
    }
  });
});

/** Sends numbered tokens until the socket is closed; resolves with how many. */
async function sendUntilDisplaced(holder: Subscriber): Promise<number> {
  let sent = 0;
  while (sent < TOKENS_MAX && holder.socket.readyState === WebSocket.OPEN) {
    sent += 1;
    holder.say(`${sent} of ${holder.joined.epoch}`);
    if (sent % BURST === 0) await turn();
  }
  return sent;
}

async function takeOver(
  minted: Minted,
  as: Account,
  old: Subscriber,
  at: number,
): Promise<Subscriber> {
  const heir = await join(minted, { as, name: old.joined.stream_name, at });
  heir.say(`first of ${heir.joined.epoch}`);
  expect(heir.joined).toMatchObject({ stream_id: old.id, resumed: true });
  expect(heir.joined.epoch).toBeGreaterThan(old.joined.epoch);
  expect(await old.ended()).toEqual(DISPLACED);
  return heir;
}

/**
 * Each holder's tokens came as a prefix, one holder behind the other, and what one reader has
 * another has or knows to be lost.
 */
function expectFenced(readers: readonly Subscriber[], holders: readonly Subscriber[]): void {
  const id = holders[0]?.id ?? "";
  for (const reader of readers) {
    expectInOrder(reader, id);
    expectStayed(reader, id);
    // What a holder said carries its own epoch: nothing of one came in the other's name.
    for (const { seq, data } of tokensOf(reader, id)) {
      expect(data.endsWith(` of ${readSeq(seq).epoch}`), `${data} as ${seq}`).toBe(true);
    }
  }
  for (const { joined } of holders) {
    const heard = readers.map((reader) => lastOf(reader, id, joined.epoch));
    const range = { epoch: joined.epoch, first: 1, last: Math.max(...heard) };
    for (const reader of readers) expectNothingSilent(reader, id, range);
  }
}

function lastOf(reader: Subscriber, id: string, epoch: number): number {
  const seqs = tokensOf(reader, id).map(({ seq }) => readSeq(seq));
  return Math.max(0, ...seqs.filter((seq) => seq.epoch === epoch).map(({ n }) => n));
}

/** This reader saw the stream come at most once, and never go. */
function expectStayed(reader: Subscriber, id: string): void {
  const lifecycle = reader.frames.filter((frame) => "stream_id" in frame && frame.stream_id === id);
  const count = (type: string) => lifecycle.filter((frame) => frame.type === type).length;
  expect([count("stream_joined"), count("stream_left")]).toEqual([1, 0]);
}
