import { CLOSE, type ComeBack } from "@ams/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AmsEvent } from "../listening/events.ts";
import { codeOf, take } from "../testing/collect.ts";
import {
  type FakeBroker,
  named,
  PEER_ID,
  startFakeBroker,
  TS,
  token,
} from "../testing/fake-broker.ts";
import { joinQuickly } from "../testing/quick.ts";
import { comeBackDelayMs, TIMING } from "./timing.ts";

const OTHER_ID = `str_${"2".repeat(26)}`;
const peer = (streamName: string, id: string) => ({ ...named(streamName, id), metadata: {} });
const types = (events: readonly AmsEvent[]) => events.map((event) => event.type);

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

const REASONS = Object.entries(CLOSE).map(([reason, row]) => ({ reason, ...row }));
const isFinal = ({ comeBack }: { readonly comeBack: ComeBack }) =>
  comeBack === "no" || comeBack === "renamed";

describe("§6.1 a connection that ends", () => {
  test.each(REASONS.filter(isFinal))(
    "with $code $reason stays ended, and says why everywhere",
    async ({ code, reason }) => {
      const { me, call } = await joinQuickly(broker);
      const reading = codeOf(me.tokens().next());
      call.close(code, reason);
      expect(await me.closed).toMatchObject({ code: reason, closeCode: code });
      expect((await me.closed)?.message).toMatch(/^[A-Z][^\n]+\.$/);
      expect(await reading).toBe(reason);
      expect(await codeOf(me.send("x"))).toBe(reason);
      expect(await codeOf(me.tokens().next())).toBe(reason);
      await me.close();
    },
  );

  test.each([
    ...REASONS.filter((row) => !isFinal(row)),
    { code: 4999, reason: "something_new" },
    { code: 4290, reason: "something_new" },
    { code: 1001, reason: "" },
  ])("with $code $reason comes back, under the same stream name", async ({ code, reason }) => {
    const { me, call } = await joinQuickly(broker, { streamName: "writer" });
    call.close(code, reason);
    const again = await broker.call();
    expect(again.query.get("stream_name")).toBe("writer");
    again.join();
    const events = await take(me.events(), 3);
    expect(types(events)).toEqual(["joined", "reconnecting", "joined"]);
    expect(events[2]).toMatchObject({ reconnected: true });
    await me.close();
  });

  test("§6.2 with an unknown reason of a code that is final stays ended", async () => {
    const { me, call } = await joinQuickly(broker);
    call.close(4400, "something_new");
    expect(await me.closed).toMatchObject({ code: "refused", closeCode: 4400 });
  });

  test("that breaks abruptly comes back, under the name that the broker generated", async () => {
    const { me, call } = await joinQuickly(broker, { streamName: undefined as never });
    call.cut();
    const again = await broker.call();
    expect(again.query.get("stream_name")).toBe("stream-generated");
    again.join();
    await me.close();
  });
});

test("it brings its latest metadata along", async () => {
  const { me, call } = await joinQuickly(broker, { streamMetadata: { turn: 1 } });
  await me.setMetadata({ turn: 2 });
  await call.frame();
  call.cut();
  const again = await broker.call();
  const text = Buffer.from(again.query.get("stream_metadata") ?? "", "base64url").toString();
  expect(JSON.parse(text)).toEqual({ turn: 2 });
  again.join();
  await me.close();
});

test("who left and who came meanwhile is reported, and what may be lost of those who left", async () => {
  const { me, call } = await joinQuickly(broker, {}, { peers: [peer("peer", PEER_ID)] });
  const events = me.events();
  call.send(token("1-4", "a"));
  await take(events, 2);
  call.cut();
  (await broker.call()).join({ peers: [peer("other", OTHER_ID)] });
  const [, gap, left, came, joined] = await take(events, 5);
  expect(gap).toMatchObject({
    type: "gap",
    streamId: PEER_ID,
    after: "1-4",
    reason: "reconnected",
  });
  expect(left).toMatchObject({ type: "stream_left", streamName: "peer" });
  expect(came).toMatchObject({ type: "stream_joined", streamName: "other" });
  expect(joined).toMatchObject({ type: "joined", reconnected: true });
  expect([...me.peers.keys()]).toEqual([OTHER_ID]);
  await me.close();
});

test("§4.6 what was lost while away shows by seq, and what arrives again isn't given twice", async () => {
  const roster = { peers: [peer("peer", PEER_ID)] };
  const { me, call } = await joinQuickly(broker, {}, roster);
  const events = me.events();
  call.send(token("1-4", "a"));
  await take(events, 2);
  call.cut();
  const again = await broker.call();
  again.join(roster);
  again.send(token("1-4", "a"), token("1-7", "b"));
  const [, , gap, next] = await take(events, 4);
  expect(gap).toMatchObject({ type: "gap", after: "1-4", before: "1-7", missing: 2 });
  expect(next).toMatchObject({ type: "token", data: "b" });
  await me.close();
});

test("a turn whose end was sent while away is a loss to who reads it, and not an endless wait", async () => {
  const roster = { peers: [peer("peer", PEER_ID)] };
  const { me, call } = await joinQuickly(broker, {}, roster);
  const text = me.text("peer");
  const events = me.events();
  call.send(token("1-4", "a"));
  await take(text, 1);
  call.cut();
  const metadata = { "ams.convention.v1": "end_of_turn" };
  (await broker.call()).join({ peers: [{ ...peer("peer", PEER_ID), metadata }] });
  expect(await codeOf(text.next())).toBe("tokens_lost");
  const [, , , gap] = await take(events, 4);
  expect(gap).toMatchObject({ after: "1-4", before: null, missing: null, reason: "reconnected" });
  await me.close();
});

test("a turn within which the connection broke is a loss to who reads it; one that hasn't begun is waited for", async () => {
  const roster = { peers: [peer("peer", PEER_ID), peer("other", OTHER_ID)] };
  const { me, call } = await joinQuickly(broker, {}, roster);
  const [begun, skipping, waiting] = [
    me.text("peer"),
    me.text("peer", { gaps: "skip" }),
    me.text("other"),
  ];
  call.send(token("1-1", "a"));
  await take(begun, 1);
  call.cut();
  const again = await broker.call();
  again.join(roster);
  expect(await codeOf(begun.next())).toBe("tokens_lost");
  again.send(token("1-2", "b"), token("2-1", "c", named("other", OTHER_ID)));
  expect(await take(skipping, 2)).toEqual(["a", "b"]);
  expect(await take(waiting, 1)).toEqual(["c"]);
  await me.close();
});

test("§5.7 what the broker dropped because it was not read is a gap of every stream that was read", async () => {
  const roster = { peers: [peer("peer", PEER_ID), peer("other", OTHER_ID)] };
  const { me, call } = await joinQuickly(broker, {}, roster);
  const events = me.events();
  call.send(token("1-1", "a"));
  call.close(4290, "subscriber_backpressure");
  (await broker.call()).join(roster);
  const got = await take(events, 5);
  expect(types(got)).toEqual(["joined", "token", "reconnecting", "gap", "joined"]);
  expect(got[3]).toMatchObject({ streamId: PEER_ID, after: "1-1", reason: "reconnected" });
  await me.close();
});

test("metadata too large for the address is restored once, however often the connection breaks", async () => {
  const big = { big: "x".repeat(10_000) };
  const { me, call } = await joinQuickly(broker, { streamMetadata: big });
  let last = call;
  for (let count = 0; count < 3; count += 1) {
    last.cut();
    last = await broker.call();
    last.join();
  }
  await me.send("x");
  expect(await last.frame()).toEqual({ type: "set_metadata", metadata: big });
  expect(await last.frame()).toEqual({ type: "token", data: "x" });
  await me.close();
});

test("a broker that falls silent is left for a new connection", async () => {
  const { me, call } = await joinQuickly(broker, {}, {}, { idleMs: 20, pongMs: 20 });
  expect(await call.frame()).toEqual({ type: "ping" });
  const again = await broker.call();
  again.join();
  await call.closed;
  expect(types(await take(me.events(), 2))).toEqual(["joined", "reconnecting"]);
  await me.close();
});

test("it gives up after its time, and says what was last wrong", async () => {
  const { me, call } = await joinQuickly(broker, { reconnectForMs: 0 });
  call.cut();
  expect(await me.closed).toMatchObject({
    code: "connection_lost",
    cause: { code: "connection_lost" },
  });
  expect(await codeOf(me.send("x"))).toBe("connection_lost");
});

test("a try to come back that nobody answers ends with the time for all of them", async () => {
  // One whole try of 15 s would outlast this test.
  const { me, call } = await joinQuickly(broker, { reconnectForMs: 40 }, {}, { dialMs: 15_000 });
  call.cut();
  const silent = await broker.call();
  expect(await me.closed).toMatchObject({
    code: "connection_lost",
    cause: { message: "The broker did not answer in time." },
  });
  await silent.closed;
});

describe("§4.9 a gateway that drains", () => {
  test("is left for another one before it goes, with nothing sent on the old one in between", async () => {
    const { me, call } = await joinQuickly(broker, { receipts: true });
    const events = me.events();
    call.send({ type: "x_drain", reconnect_after_ms: 5 });
    const again = await broker.call();
    call.send(token("1-1", "still heard"));
    const sent = me.send("for the new one");
    expect(types(await take(events, 3))).toEqual(["joined", "draining", "token"]);
    call.close(4001, "stream_displaced"); // By our own new connection.
    again.join({ resumed: true, epoch: 2 });
    expect((await again.frame()).data).toBe("for the new one");
    again.send({ type: "x_receipt", seq: "2-1", ts: TS });
    expect(await sent).toEqual({ seq: "2-1", ts: TS });
    await me.close();
  });

  test("is left within a turn, and the turn goes on", async () => {
    const roster = { peers: [peer("peer", PEER_ID)] };
    const { me, call } = await joinQuickly(broker, {}, roster);
    const text = me.text("peer");
    call.send(token("1-1", "a"), { type: "x_drain", reconnect_after_ms: 0 });
    const again = await broker.call();
    call.close(4001, "stream_displaced"); // By our own new connection.
    for await (const event of me.events()) if (event.type === "reconnecting") break;
    again.join({ ...roster, resumed: true });
    again.send(token("1-2", "b"));
    expect(await take(text, 2)).toEqual(["a", "b"]);
    await me.close();
  });

  test("is kept while the new one refuses", async () => {
    const { me, call } = await joinQuickly(broker);
    call.send({ type: "x_drain", reconnect_after_ms: 0 });
    (await broker.call()).close(4503, "draining");
    const third = await broker.call();
    third.close(4001, "link_revoked");
    await third.closed;
    call.send({ type: "pong" });
    await me.ping();
    await me.send("on the old one");
    expect([await call.frame(), await call.frame()]).toContainEqual({
      type: "token",
      data: "on the old one",
    });
    call.close(4503, "draining");
    (await broker.call()).close(4001, "link_revoked");
    expect((await me.closed)?.code).toBe("link_revoked");
  });
});

describe("when to come back, for every row of the table, every try and every die", () => {
  const row = fc.constantFrom(...REASONS);
  const attempt = fc.nat({ max: 10_000 });
  const die = fc.double({ min: 0, max: 1, noNaN: true });
  const delay = (comeBack: ComeBack, tries: number, random: number) =>
    comeBackDelayMs(comeBack, tries, { ...TIMING, random: () => random });

  test("never where the table says no, else within the longest pause", () => {
    fc.assert(
      fc.property(row, attempt, die, ({ comeBack }, tries, random) => {
        const delayMs = delay(comeBack, tries, random);
        if (isFinal({ comeBack })) expect(delayMs).toBeNull();
        else {
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThanOrEqual(2 * TIMING.pauseMs + TIMING.backoffMaxMs);
        }
      }),
    );
  });

  test("spread by half, and at once only the first time where nothing is wrong", () => {
    fc.assert(
      fc.property(row, attempt, ({ comeBack }, tries) => {
        if (isFinal({ comeBack })) return;
        const [least, most] = [delay(comeBack, tries, 0) ?? 0, delay(comeBack, tries, 1) ?? 0];
        if (comeBack === "resume" && tries === 0) expect(most).toBe(0);
        else expect(most).toBeCloseTo(2 * least, 6);
      }),
    );
  });

  test("never sooner for a later try", () => {
    fc.assert(
      fc.property(row, attempt, die, ({ comeBack }, tries, random) => {
        const [now, then] = [delay(comeBack, tries, random), delay(comeBack, tries + 1, random)];
        expect(then ?? 0).toBeGreaterThanOrEqual(now ?? 0);
      }),
    );
  });
});

test("back-off doubles, is spread, and has an end; what is final has none", () => {
  const timing = { ...TIMING, random: () => 0 };
  const delays = [0, 1, 2, 20].map((attempt) => comeBackDelayMs("backoff", attempt, timing));
  expect(delays).toEqual([125, 250, 500, 15_000]);
  expect(comeBackDelayMs("backoff", 0, { ...TIMING, random: () => 1 })).toBe(250);
  expect(comeBackDelayMs("pause", 0, timing)).toBeGreaterThanOrEqual(5_000);
  expect(comeBackDelayMs("resume", 0, timing)).toBe(0);
  expect(comeBackDelayMs("no", 0, timing)).toBeNull();
  expect(comeBackDelayMs("renamed", 0, timing)).toBeNull();
});
