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

describe("§6.1 a connection that ends", () => {
  test.each([
    [4001, "invalid_magic_link"],
    [4001, "link_revoked"],
    [4001, "stream_displaced"],
    [4002, "invalid_credential"],
    [4004, "stream_name_conflict"],
    [4005, "conversation_closed"],
    [4400, "malformed_frame"],
    [4400, "unknown_frame_type"],
  ])("with %i %s stays ended, and says why everywhere", async (code, reason) => {
    const { me, call } = await joinQuickly(broker);
    const reading = codeOf(me.tokens().next());
    call.close(code, reason);
    expect((await me.closed)?.code).toBe(reason);
    expect(await reading).toBe(reason);
    expect(await codeOf(me.send("x"))).toBe(reason);
    expect(await codeOf(me.tokens().next())).toBe(reason);
    await me.close();
  });

  test.each([
    [4003, "conversation_subscriber_limit"],
    [4290, "subscriber_backpressure"],
    [4290, "rate_limited"],
    [4500, "internal_error"],
    [4503, "draining"],
    [4999, "something_new"],
    [1001, ""],
  ])("with %i %s comes back, under the same stream name", async (code, reason) => {
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

  test("without a word comes back, under the name that the broker generated", async () => {
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

test("who left and who came meanwhile is told, and what may be lost of those who left", async () => {
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

test("§4.6 what was lost while away shows by seq, and what is heard again isn't given twice", async () => {
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
    again.join({ resumed: true });
    expect((await again.frame()).data).toBe("for the new one");
    again.send({ type: "x_receipt", seq: "2-1", ts: TS });
    expect(await sent).toEqual({ seq: "2-1", ts: TS });
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
