import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { all, codeOf, take } from "../testing/collect.ts";
import {
  type FakeBroker,
  named,
  PEER_ID,
  startFakeBroker,
  TS,
  token,
} from "../testing/fake-broker.ts";
import { came, left, OTHER_ID, said, types } from "../testing/peer.ts";
import { joinQuickly } from "../testing/quick.ts";

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

describe("what arrives is reported", () => {
  test("as events, in order, from joined on, though the program listens later", async () => {
    const { me, call } = await joinQuickly(broker);
    call.send(came(), token("1-1", "a"), said("1-2", { x: 1 }), left("1-2"), { type: "x_news" });
    call.send({ type: "pong" });
    await me.ping();
    const events = me.events();
    expect(types(await take(events, 5))).toEqual([
      "joined",
      "stream_joined",
      "token",
      "stream_metadata",
      "stream_left",
    ]);
    await me.close();
    expect((await take(events, 1))[0]).toEqual({ type: "closed", error: null });
    expect((await events.next()).done).toBe(true);
  });

  test("as tokens, exactly as they were sent", async () => {
    const { me, call } = await joinQuickly(broker);
    const data = ["", "a\u0000b", '"\\', "€𝄞", "\ud800"];
    call.send(...data.map((text, index) => token(`1-${index + 1}`, text)));
    const tokens = await take(me.tokens(), data.length);
    expect(tokens.map((event) => event.data)).toEqual(data);
    expect(tokens[0]).toMatchObject({ streamId: PEER_ID, streamName: "peer", seq: "1-1", ts: TS });
    await me.close();
  });

  test("as tokens of one stream, by its name or id", async () => {
    const { me, call } = await joinQuickly(broker);
    const byName = me.tokens({ from: "other" });
    const byId = me.tokens({ from: OTHER_ID });
    call.send(token("1-1", "no"), token("2-1", "yes", named("other", OTHER_ID)));
    expect((await take(byName, 1))[0]?.data).toBe("yes");
    expect((await take(byId, 1))[0]?.data).toBe("yes");
    await me.close();
  });

  test("as tokens of one stream until it leaves, also when a taken-over one goes on", async () => {
    const { me, call } = await joinQuickly(broker);
    const byName = me.tokens({ from: "peer" });
    call.send(came(), token("1-1", "a"), token("2-1", "taken over"), left("2-1"), came());
    expect((await all(byName)).map(({ data }) => data)).toEqual(["a", "taken over"]);
    await me.close();
  });

  test("to listeners, of which one that throws doesn't harm the others, until they are taken off", async () => {
    const { me, call } = await joinQuickly(broker);
    const uncaught = catchUncaught();
    const heard: string[] = [];
    me.on("token", () => {
      throw new Error("a listener's own fault");
    });
    const off = me.on("token", ({ data }) => heard.push(data));
    const tokens = me.tokens();
    call.send(token("1-1", "a"));
    await take(tokens, 1);
    off();
    call.send(token("1-2", "b"));
    await take(tokens, 1);
    expect(heard).toEqual(["a"]);
    expect(uncaught).toHaveBeenCalledWith(new Error("a listener's own fault"));
    await me.close();
  });

  test("to all who begin to listen in the same turn, and from then on only live", async () => {
    const { me, call } = await joinQuickly(broker);
    call.send(token("1-1", "early"), { type: "pong" });
    await me.ping();
    const heard: string[] = [];
    me.on("token", ({ data }) => heard.push(data));
    const first = me.tokens();
    const second = me.tokens();
    expect((await take(first, 1))[0]?.data).toBe("early");
    expect((await take(second, 1))[0]?.data).toBe("early");
    const late = me.tokens();
    call.send(token("1-2", "live"));
    expect((await take(late, 1))[0]?.data).toBe("live");
    expect(heard).toEqual(["early", "live"]);
    await me.close();
  });

  test("a backlog that nobody reads is dropped and reported", async () => {
    const { me, call } = await joinQuickly(broker);
    const big = "x".repeat(60_000);
    call.send(...[1, 2, 3, 4, 5].map((n) => token(`1-${n}`, big)), { type: "pong" });
    await me.ping();
    const events = me.events();
    call.send(token("1-6", "live"));
    const [gap, live] = await take(events, 2);
    expect(gap).toMatchObject({ type: "gap", reason: "unread", streamId: null });
    expect(live).toMatchObject({ type: "token", data: "live" });
    await me.close();
  });

  test("to as many as one signal stops, with no warning of Node's and nothing left behind", async () => {
    const { me } = await joinQuickly(broker);
    const stop = new AbortController();
    const added = vi.spyOn(stop.signal, "addEventListener");
    const removed = vi.spyOn(stop.signal, "removeEventListener");
    const iterators = Array.from({ length: 20 }, () => me.tokens({ signal: stop.signal }));
    await Promise.all(iterators.map((tokens) => tokens.return?.()));
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 1]);
    const readings = Array.from({ length: 20 }, () => me.tokens({ signal: stop.signal }).next());
    stop.abort();
    expect(new Set(await Promise.all(readings.map(codeOf)))).toEqual(new Set(["aborted"]));
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([2, 2]);
    await me.close();
  });

  test("an iterator stops by its signal, and a break takes it off", async () => {
    const { me, call } = await joinQuickly(broker);
    const stop = new AbortController();
    const reading = codeOf(me.tokens({ signal: stop.signal }).next());
    stop.abort();
    expect(await reading).toBe("aborted");
    call.send(token("1-1", "a"), token("1-2", "b"));
    for await (const { data } of me.tokens()) {
      expect(data).toBe("a");
      break;
    }
    expect(await codeOf(me.tokens({ signal: AbortSignal.abort() }).next())).toBe("aborted");
    await me.close();
  });
});

describe("§4.6 §4.7 losses are reported", () => {
  test("by a gap before the frame after it, and what was seen isn't given twice", async () => {
    const { me, call } = await joinQuickly(
      broker,
      {},
      { peers: [{ ...named("peer"), metadata: {} }] },
    );
    call.send(token("1-5", "a"), token("1-5", "a"), token("1-8", "b"), left("1-9"));
    const events = await take(me.events(), 6);
    expect(types(events)).toEqual(["joined", "token", "gap", "token", "gap", "stream_left"]);
    expect(events[2]).toEqual({
      type: "gap",
      streamId: PEER_ID,
      streamName: "peer",
      after: "1-5",
      before: "1-8",
      missing: 2,
      reason: "missed",
    });
    expect(events[4]).toMatchObject({ after: "1-8", before: null, missing: 1 });
    await me.close();
  });

  test("by what the broker says, also for reasons that this SDK doesn't know", async () => {
    const { me, call } = await joinQuickly(broker);
    const gap = { type: "x_gap", stream_id: PEER_ID, after: "1-1", before: null };
    call.send(came(), { ...gap, reason: "solar_wind" });
    expect((await take(me.events(), 3))[2]).toMatchObject({ type: "gap", reason: "solar_wind" });
    await me.close();
  });

  test("§5.10 but a stream outside the selection isn't lost", async () => {
    const selection = { subscribed_streams: [OTHER_ID] };
    const { me, call } = await joinQuickly(broker, { subscribeStreams: [OTHER_ID] }, selection);
    call.send(came(), left("1-9"));
    expect(types(await take(me.events(), 3))).toEqual(["joined", "stream_joined", "stream_left"]);
    await me.close();
  });
});

/** Catches what is thrown from microtasks, which would end the process. */
function catchUncaught() {
  const uncaught = vi.fn();
  const queue = vi.spyOn(globalThis, "queueMicrotask");
  queue.mockImplementation((call) => void Promise.resolve().then(call).catch(uncaught));
  onTestFinished(() => queue.mockRestore());
  return uncaught;
}
