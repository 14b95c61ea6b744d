import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { all, codeOf, take } from "../testing/collect.ts";
import {
  type FakeBroker,
  named,
  OWN_ID,
  PEER_ID,
  startFakeBroker,
  TS,
  token,
} from "../testing/fake-broker.ts";
import { joinQuickly } from "../testing/quick.ts";
import type { AmsEvent, Peer } from "./events.ts";

const OTHER_ID = `str_${"2".repeat(26)}`;
const left = (seq?: string) => ({
  type: "stream_left",
  ...named("peer"),
  ts: TS,
  ...(seq === undefined ? {} : { seq }),
});
const came = (streamName = "peer", id = PEER_ID) => ({
  type: "stream_joined",
  ...named(streamName, id),
  metadata: {},
  ts: TS,
});
const said = (seq: string, metadata: object) => ({
  type: "stream_metadata",
  ...named("peer"),
  metadata,
  ts: TS,
  seq,
});
const END = { "ams.convention.v1": "end_of_turn" };
const types = (events: readonly AmsEvent[]) => events.map((event) => event.type);

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

describe("what comes is told", () => {
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

  test("a backlog that nobody reads is dropped and told", async () => {
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

describe("§5.6 the roster", () => {
  test("is true at every moment", async () => {
    const { me, call } = await joinQuickly(broker);
    const events = me.events();
    const names = () => [...me.peers.values()].map((peer) => peer.streamName);
    call.send(came(), came("other", OTHER_ID));
    await take(events, 3);
    expect(names()).toEqual(["peer", "other"]);
    call.send(said("1-1", { x: 1 }));
    await take(events, 1);
    expect(me.peers.get(PEER_ID)?.metadata).toEqual({ x: 1 });
    call.send(left("1-1"));
    await take(events, 1);
    expect(names()).toEqual(["other"]);
    await me.close();
  });

  test("holds no entry for the own stream, though it hears itself", async () => {
    const { me, call } = await joinQuickly(
      broker,
      { selfSubscribe: true },
      { self_subscribe: true },
    );
    const own = named("me", OWN_ID);
    call.send({ type: "stream_metadata", ...own, metadata: {}, ts: TS, seq: "1-1" });
    call.send(token("1-2", "own", own));
    const tokens = await take(me.tokens(), 1);
    expect(tokens[0]?.data).toBe("own");
    expect(me.peers.size).toBe(0);
    await me.close();
  });
});

describe("peer", () => {
  const here = { peers: [{ ...named("peer"), metadata: { role: "host" } }] };

  test("is one who is here, by id, by name or by what a predicate says", async () => {
    const { me } = await joinQuickly(broker, {}, here);
    for (const which of [PEER_ID, "peer", (peer: Peer) => peer.metadata.role === "host"]) {
      expect(await me.peer(which)).toEqual(me.peers.get(PEER_ID));
    }
    await me.close();
  });

  test("is waited for until it comes, also while this connection is away, or until its metadata fit", async () => {
    const { me, call } = await joinQuickly(broker, {}, here);
    const waiting = [
      me.peer("other"),
      me.peer(OTHER_ID),
      me.peer(({ metadata }) => !metadata.role),
    ];
    call.send(said("1-1", {}), came("other", OTHER_ID));
    const found = await Promise.all(waiting);
    expect(found.map(({ streamName }) => streamName)).toEqual(["other", "other", "peer"]);
    const later = me.peer("third");
    call.cut();
    const third = { ...named("third", `str_${"3".repeat(26)}`), metadata: {} };
    (await broker.call()).join({ peers: [third] });
    expect((await later).streamName).toBe("third");
    await me.close();
  });

  test("is nobody who may have left while this connection is away", async () => {
    const { me, call } = await joinQuickly(broker, {}, here);
    const events = me.events();
    call.cut();
    for await (const event of events) if (event.type === "reconnecting") break;
    const coming = me.peer(PEER_ID);
    const again = await broker.call();
    again.join();
    again.send(came("peer"));
    expect((await coming).metadata).toEqual({});
    await me.close();
  });

  test("doesn't take what is kept for those who listen for tokens", async () => {
    const { me, call } = await joinQuickly(broker);
    const coming = me.peer("peer");
    call.send(came(), token("1-1", "at once"), left("1-1"));
    const { streamId } = await coming;
    expect(await all(me.text(streamId))).toEqual(["at once"]);
    await me.close();
  });

  test("rejects by its signal, with what a predicate throws as cause, and with what ends the connection", async () => {
    const { me } = await joinQuickly(broker, {}, here);
    const stop = new AbortController();
    const aborted = codeOf(me.peer("nobody", { signal: stop.signal }));
    stop.abort();
    expect(await aborted).toBe("aborted");
    expect(await codeOf(me.peer("peer", { signal: stop.signal }))).toBe("aborted");
    const cause = new Error("the predicate's own fault");
    const thrower = () => {
      throw cause;
    };
    await expect(me.peer(thrower)).rejects.toMatchObject({ code: "invalid_argument", cause });
    const closed = codeOf(me.peer("nobody"));
    await me.close();
    expect(await closed).toBe("closed");
    expect(await codeOf(me.peer("peer"))).toBe("closed");

    const other = await joinQuickly(broker, {}, here);
    const ended = codeOf(other.me.peer("nobody"));
    other.call.close(4005, "conversation_closed");
    expect(await ended).toBe("conversation_closed");
    expect(await codeOf(other.me.peer("peer"))).toBe("conversation_closed");
  });
});

describe("§4.6 §4.7 losses are told", () => {
  test("by a gap before the frame behind it, and what was seen isn't given twice", async () => {
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

describe("text", () => {
  test("is one stream's tokens up to the end of its turn", async () => {
    const { me, call } = await joinQuickly(broker);
    const text = me.text("peer");
    call.send(came(), token("1-1", "Hel"), token("9-1", "no", named("other", OTHER_ID)));
    call.send(token("1-2", "lo"), said("1-3", {}), said("1-4", END), token("1-5", "next"));
    expect(await all(text)).toEqual(["Hel", "lo"]);
    await me.close();
  });

  test("ends when the stream leaves, when this side closes, and with the error when the other does", async () => {
    const { me, call } = await joinQuickly(broker);
    const leaving = me.text(PEER_ID);
    call.send(came(), token("1-1", "bye"), left("1-1"));
    expect(await all(leaving)).toEqual(["bye"]);
    const closing = all(me.text("peer"));
    await me.close();
    expect(await closing).toEqual([]);

    const other = await joinQuickly(broker);
    const reading = codeOf(all(other.me.text("peer")));
    other.call.close(4005, "conversation_closed");
    expect(await reading).toBe("conversation_closed");
  });

  test("of an id that was here and has left ends at once, after what was kept of it", async () => {
    const { me, call } = await joinQuickly(broker);
    call.send(came(), token("1-1", "bye"), left("1-1"), { type: "pong" });
    await me.ping();
    const kept = [me.text(PEER_ID), me.text("peer"), me.turns(PEER_ID)] as const;
    expect(await all(kept[0])).toEqual(["bye"]);
    expect(await all(kept[1])).toEqual(["bye"]);
    for await (const turn of kept[2]) expect(await all(turn)).toEqual(["bye"]);
    expect(await all(me.text(PEER_ID))).toEqual([]);
    expect(await all(me.turns(PEER_ID))).toEqual([]);
    expect(await all(me.tokens({ from: PEER_ID }))).toEqual([]);
    const again = me.text("peer");
    const events = me.events();
    call.send(came());
    await take(events, 1);
    const byId = me.text(PEER_ID);
    call.send(token("2-1", "here again"), left("2-1"));
    expect(await all(again)).toEqual(["here again"]);
    expect(await all(byId)).toEqual(["here again"]);
    await me.close();
  });

  test("of an id that left while this connection was away ends at once too", async () => {
    const peers = [{ ...named("peer"), metadata: {} }];
    const { me, call } = await joinQuickly(broker, {}, { peers });
    const events = me.events();
    const waiting = me.text(PEER_ID);
    call.cut();
    (await broker.call()).join();
    for await (const event of events) if (event.type === "joined" && event.reconnected) break;
    expect(await all(waiting)).toEqual([]);
    expect(await all(me.text(PEER_ID))).toEqual([]);
    await me.close();
  });

  test("hears what was kept from before the call, unless that was dropped", async () => {
    for (const drop of [false, true]) {
      const { me, call } = await joinQuickly(broker);
      call.send(came(), token("1-1", "early"), { type: "pong" });
      await me.ping();
      if (drop) await me.tokens().return?.();
      const text = me.text("peer");
      call.send(token("1-2", "answer"), said("1-3", END));
      expect(await all(text)).toEqual(drop ? ["answer"] : ["early", "answer"]);
      await me.close();
    }
  });

  test("has no holes in silence: it throws, unless told to go on", async () => {
    const { me, call } = await joinQuickly(broker);
    const strict = me.text("peer");
    const lenient = me.text("peer", { gaps: "skip" });
    call.send(came(), token("1-1", "a"), token("1-3", "c"), said("1-4", END));
    expect((await strict.next()).value).toBe("a");
    expect(await codeOf(strict.next())).toBe("tokens_lost");
    expect(await all(lenient)).toEqual(["a", "c"]);
    await me.close();
  });

  test("goes on turn after turn, with nothing lost between, and skips what isn't read", async () => {
    const { me, call } = await joinQuickly(broker);
    const turns = me.turns("peer");
    call.send(came(), token("1-1", "one"), said("1-2", END), said("1-3", END));
    call.send(token("1-4", "skipped"), token("1-5", "too"), said("1-6", END));
    call.send(token("1-7", "three"), left("1-7"));
    const texts: string[][] = [];
    for await (const turn of turns) {
      if (texts.length === 1) texts.push([]);
      else texts.push(await all(turn));
    }
    expect(texts).toEqual([["one"], [], ["three"]]);
    await me.close();
  });
});

/** Hears what is thrown from microtasks, which would end the process. */
function catchUncaught() {
  const uncaught = vi.fn();
  const queue = vi.spyOn(globalThis, "queueMicrotask");
  queue.mockImplementation((call) => void Promise.resolve().then(call).catch(uncaught));
  onTestFinished(() => queue.mockRestore());
  return uncaught;
}
