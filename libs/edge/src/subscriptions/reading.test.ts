import { END_OF_TURN_DATA } from "@ams/client";
import { expect, test } from "vitest";
import type { Result, Session } from "../contract.ts";
import { brief, desk, Ear, faultIn, must, settle } from "../testing/desk.ts";
import { account, GUEST } from "../testing/fake-wire.ts";

const X = { link: "link-of-x" };
const words = (count: number) => Array.from({ length: count }, (_, n) => `w${n}`);

test("1,100 events into a buffer of 1,000: every path says so at the position of the loss, counting what it hadn't read", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  const ear = new Ear();
  ear.appetite = 10;
  const { listening } = must(session.listen(ear));
  const { cursor } = must(await session.join(X));
  wire.call.sayAll(words(40));
  await settle();
  expect(must(await session.recv({})).events).toHaveLength(40);
  wire.call.sayAll(words(1_100).slice(40));
  await settle();
  const got = must(await session.recv({ maxEvents: 1_000 }));
  expect(got).toMatchObject({ truncated: true, dropped: 60, more: false });
  expect(got.events).toHaveLength(1_001);
  expect(brief(got.events).slice(0, 2)).toEqual(["truncated 60", "w100"]);
  ear.appetite = 2;
  listening.resume();
  expect(ear.brief.slice(9, 12)).toEqual(["w9", "truncated 90", "w100"]);
  ear.appetite = 2_000;
  listening.resume();
  expect(ear.brief.at(-1)).toBe("w1099");
  const again = must(await session.recv({ cursor, maxEvents: 1 }));
  expect(brief(again.events)).toEqual(["truncated 100", "w100"]);
});

test("`recv` waits for what comes, and no longer than its limit", async () => {
  const { wire, clock, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const waiting = session.recv({ waitMs: 5_000 });
  await settle();
  wire.call.say("now");
  expect(brief(must(await waiting).events)).toEqual(["now"]);
  const inVain = session.recv({ waitMs: 5_000 });
  await settle();
  clock.pass(5_000);
  expect(must(await inVain)).toMatchObject({ events: [], truncated: false, more: false });
});

test("a `recv` that is cut off has consumed nothing", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const gone = new AbortController();
  const waiting = session.recv({ waitMs: 5_000, signal: gone.signal });
  await settle();
  wire.call.say("kept");
  gone.abort();
  expect(faultIn(await waiting)).toBe("aborted");
  expect(brief(must(await session.recv({ waitMs: 5_000 })).events)).toEqual(["kept"]);
});

test("two that wait at once without a cursor don't both get the same event", async () => {
  const { wire, clock, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const waiting = [session.recv({ waitMs: 5_000 }), session.recv({ waitMs: 5_000 })];
  await settle();
  wire.call.say("once");
  await settle();
  clock.pass(5_000);
  const got = (await Promise.all(waiting)).map((result) => brief(must(result).events));
  expect(got.flat()).toEqual(["once"]);
});

test("with a cursor the same events come again; each event carries the one after it", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  const { cursor } = must(await session.join(X));
  wire.call.sayAll(words(5));
  await settle();
  const first = must(await session.recv({ cursor, maxEvents: 2 }));
  expect(brief(first.events)).toEqual(["w0", "w1"]);
  expect(must(await session.recv({ cursor, maxEvents: 2 }))).toEqual(first);
  const after = first.events[0]?.cursor ?? "";
  expect(brief(must(await session.recv({ cursor: after })).events)[0]).toBe("w1");
  expect(must(await session.recv({ cursor: first.nextCursor })).events).toHaveLength(3);
});

test("a cursor alone names its stream", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  const one = must(await session.join({ ...X, streamName: "one" }));
  must(await session.join({ ...X, streamName: "two" }));
  wire.calls[0]?.say("to one");
  await settle();
  const got = must(await session.recv({ cursor: one.cursor }));
  expect([got.streamName, ...brief(got.events)]).toEqual(["one", "to one"]);
});

test("a cursor of a subscription whose process has died is reported as a loss, the same each time, and reading goes on", async () => {
  const before = desk();
  const { cursor } = must(await before.open("s1").join({ ...X, streamName: "me" }));
  const { wire, open } = desk();
  const session = open("s1", { passing: true });
  const got = must(await session.recv({ ...X, cursor }));
  expect(got).toMatchObject({ streamName: "me", truncated: true, dropped: 0 });
  expect(brief(got.events)).toEqual(["truncated null"]);
  wire.call.say("after");
  await settle();
  expect(brief(must(await session.recv({ cursor: got.nextCursor })).events)).toEqual(["after"]);
  expect(brief(must(await session.recv({ cursor })).events)).toEqual(["truncated null", "after"]);
  const joined = must(await open("s2").join({ ...X, since: cursor, takeOver: true }));
  expect(joined.truncated).toBe(true);
});

test("a stream that was live before this process took it is reported as a loss without a cursor too, once", async () => {
  const { wire, open } = desk();
  wire.resumed = true;
  const session = open("s1");
  const joined = must(await session.join({ ...X, streamName: "me" }));
  expect(joined).toMatchObject({ resumed: true, truncated: true });
  expect(brief(session.pending().events)).toEqual(["truncated null"]);
  wire.call.say("after");
  await settle();
  const got = must(await session.recv({}));
  expect(got).toMatchObject({ truncated: true, dropped: 0 });
  expect(brief(got.events)).toEqual(["truncated null", "after"]);
  expect(must(await session.recv({ cursor: joined.cursor })).events).toEqual(got.events);
  expect(must(await session.recv({})).truncated).toBe(false);
  const unjoined = open("s2", { passing: true });
  const first = must(await unjoined.recv({ link: "link-of-y", waitMs: 5_000 }));
  expect(brief(first.events)).toEqual(["truncated null"]);
  const asked = must(await session.join({ link: "link-of-z", streamName: "me", lastN: 5 }));
  expect(asked.truncated).toBe(false); // It said itself where it begins.
});

test("a new stream in a conversation that had others before it has lost nothing", async () => {
  const { wire, open } = desk();
  wire.epoch = 7;
  const session = open("s1");
  expect(must(await session.join(X)).truncated).toBe(false);
  expect(must(await session.recv({}))).toMatchObject({ events: [], truncated: false });
});

test("a cursor of another conversation, or of the future, is refused, and takes no subscription", async () => {
  const { wrapper, open } = desk();
  const session = open("s1");
  const { cursor } = must(await session.join({ ...X, streamName: "me" }));
  expect(faultIn(await session.recv({ link: "link-of-y", cursor }))).toBe("invalid_cursor");
  expect(faultIn(await session.join({ link: "link-of-y", since: cursor }))).toBe("invalid_cursor");
  const future = cursor.replace(/~0$/, "~zz");
  expect(future).not.toBe(cursor);
  expect(faultIn(await session.recv({ cursor: future }))).toBe("invalid_cursor");
  expect(wrapper.size.subscriptions).toBe(1);
});

test("join with `since` or `lastN` says where reading goes on", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  const { cursor } = must(await session.join(X));
  const turns = words(5).flatMap((word) => [word, END_OF_TURN_DATA]);
  wire.call.sayAll(turns);
  await settle();
  must(await session.recv({}));
  expect(must(await session.join({ since: cursor })).cursor).toBe(cursor);
  expect(must(await session.recv({})).events).toHaveLength(10);
  must(await session.join({ lastN: 2 }));
  expect(brief(must(await session.recv({})).events)).toEqual(turns.slice(6));
});

test("what rides along is unread and shown once, at most 64 at a time, and stays to be received", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  wire.call.sayAll(words(70));
  await settle();
  expect(session.pending({ max: 0 })).toEqual({ count: 70, events: [] });
  expect(session.pending({ max: 100 }).events).toHaveLength(64);
  expect(brief(session.pending().events)).toEqual(words(70).slice(64));
  expect(session.pending()).toEqual({ count: 70, events: [] });
  expect(must(await session.recv({})).events).toHaveLength(70);
  wire.call.sayAll(["a", "b"]);
  await settle();
  must(await session.recv({ maxEvents: 1 }));
  expect(brief(session.pending().events)).toEqual(["b"]);
});

test("nothing of a subscription that was left waits, and the others' still does", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join({ ...X, streamName: "one" }));
  must(await session.join({ link: "link-of-y", streamName: "two" }));
  wire.calls[0]?.sayAll(words(40));
  wire.calls[1]?.sayAll(words(3));
  await settle();
  must(await session.recv(X));
  wire.calls[0]?.sayAll(words(2));
  await settle();
  must(await session.leave(X));
  expect(session.pending({ conversationId: "conv_x" })).toEqual({ count: 0, events: [] });
  expect(session.pending({ max: 0 }).count).toBe(3);
  expect(brief(session.pending().events)).toEqual(words(3));
});

test("what rides along is at most 64 with the loss that is reported, and nothing is skipped", async () => {
  const { wire, open } = desk({ bufferEvents: 100 });
  const session = open("s1");
  must(await session.join(X));
  wire.call.sayAll(words(110));
  await settle();
  expect(brief(session.pending({ max: 1 }).events)).toEqual(["truncated 10"]);
  expect(brief(session.pending({ max: 1 }).events)).toEqual(["w10"]);
  const other = open("s2", { who: account("b") });
  must(await other.join(X));
  wire.call.sayAll(words(110));
  await settle();
  const shown = other.pending({ max: 100 }).events;
  expect(shown).toHaveLength(64);
  expect(brief(shown).slice(0, 2)).toEqual(["truncated 10", "w10"]);
  expect(brief(other.pending().events)).toEqual(words(110).slice(73));
});

test("a newer listener of a path replaces the older and goes on where it stopped; other paths hear everything too", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const [first, second, other] = [new Ear(), new Ear(), new Ear()];
  must(session.listen(first));
  wire.call.say("one");
  await settle();
  must(session.listen(second));
  must(session.listen(other, { path: "other" }));
  wire.call.say("two");
  await settle();
  expect([first.brief, first.ends]).toEqual([["one"], ["replaced"]]);
  expect(second.brief).toEqual(["two"]);
  expect(other.brief).toEqual(["one", "two"]);
  session.end();
  expect([second.ends, other.ends]).toEqual([["session_ended"], ["session_ended"]]);
});

test("a listener that comes back with the last cursor that arrived gets what came after it", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const [first, second] = [new Ear(), new Ear()];
  const { listening } = must(session.listen(first));
  wire.call.sayAll(["one", "two"]);
  await settle();
  listening.stop();
  wire.call.say("three");
  const last = first.heard[0];
  const since = last !== undefined && "cursor" in last ? last.cursor : "";
  must(session.listen(second, { since }));
  await settle();
  expect(second.brief).toEqual(["two", "three"]);
  expect(faultIn(session.listen(second, { since: "nonsense" }))).toBe("invalid_cursor");
});

test("listeners hear all subscriptions of the session, or one conversation's, and there is a limit to them", async () => {
  const { wire, open } = desk({ listenersPerSession: 2 });
  const session = open("s1");
  const [all, one] = [new Ear(), new Ear()];
  must(session.listen(all));
  must(session.listen(one, { path: "one", conversationId: "conv_y" }));
  expect(faultIn(session.listen(one, { path: "more" }))).toBe("too_many_listeners");
  must(await session.join(X));
  must(await session.join({ link: "link-of-y" }));
  wire.calls[0]?.say("x");
  wire.calls[1]?.say("y");
  await settle();
  expect(all.brief).toEqual(["x", "y"]);
  expect(one.brief).toEqual(["y"]);
});

test("a listener of one subscription hears that one alone, and of its ending alone", async () => {
  const { wire, open } = desk();
  const session = open("s1", { passing: true });
  const [one, anywhere] = [new Ear(), new Ear()];
  must(session.listen(one, { path: "one", conversationId: "conv_x", streamName: "one" }));
  must(session.listen(anywhere, { path: "any", streamName: "one" }));
  must(await session.join({ ...X, streamName: "one" }));
  must(await session.join({ ...X, streamName: "two" }));
  must(await session.join({ link: "link-of-y", streamName: "one" }));
  for (const call of wire.calls) call.say(`for ${call.streamName} in ${call.link}`);
  await settle();
  must(await session.leave({ ...X, streamName: "two" }));
  must(await session.leave({ ...X, streamName: "one" }));
  expect(one.brief).toEqual(["for one in link-of-x", "closed 1000 left"]);
  expect(anywhere.brief).toEqual([
    "for one in link-of-x",
    "for one in link-of-y",
    "closed 1000 left",
  ]);
});

/**
 * The message of the next error that nobody catches, which the test runner then doesn't hear of.
 */
function nextUncaught(): Promise<string> {
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  return new Promise((resolve) => {
    process.once("uncaughtException", (error) => {
      for (const listener of others) process.on("uncaughtException", listener);
      resolve(error.message);
    });
  });
}

test("a listener that throws is cut off, and the subscription goes on", async () => {
  const { wire, wrapper, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  let tries = 0;
  const bad = () => {
    tries += 1;
    throw new Error("My fault.");
  };
  const uncaught = nextUncaught();
  must(session.listen({ event: bad, ended: () => {} }));
  wire.call.sayAll(["one", "two"]);
  expect(await uncaught).toBe("My fault.");
  await settle();
  expect(tries).toBe(1);
  expect(wrapper.size.listeners).toBe(0);
  expect(must(await session.recv({})).events).toHaveLength(2);
});

test("the loss of a subscription that was elsewhere is reported to listeners too, before anything else", async () => {
  const cursorOfElsewhere = async () => {
    const other = desk();
    const session = other.open("s0");
    must(await session.join({ ...X, streamName: "me" }));
    return must(await session.recv({})).nextCursor;
  };
  const since = await cursorOfElsewhere();
  const back = { ...X, streamName: "me" };
  const ways: readonly ((session: Session) => Promise<Result<object>>)[] = [
    (session) => session.join({ ...back, toListen: true }),
    (session) => session.join({ ...back, since }),
    (session) => session.recv(back),
  ];
  for (const [at, way] of ways.entries()) {
    const { wire, open } = desk();
    wire.epoch = 7;
    const session = open("s1");
    const ear = new Ear();
    must(session.listen(ear));
    must(await way(session));
    await settle();
    wire.call.say("after");
    await settle();
    expect(ear.brief, `way ${at}`).toEqual(["truncated null", "after"]);
    const got = must(await session.recv({}));
    expect(got.truncated).toBe(at !== 2); // There it was reported already.
  }
});

test("a stream that was live elsewhere is taken over with its loss reported to listeners", async () => {
  const { wire, open } = desk();
  wire.resumed = true;
  const session = open("s1");
  must(await session.join(X));
  const ear = new Ear();
  must(session.listen(ear));
  await settle();
  expect(ear.brief).toEqual(["truncated null"]);
  must(await session.recv({}));
  const later = new Ear();
  must(session.listen(later, { path: "other" }));
  await settle();
  expect(later.brief).toEqual(["truncated null"]);
});

test("the first claim of a conversation loses nothing, whoever asks how", async () => {
  const { open } = desk();
  const session = open("s1");
  expect(must(await session.recv({ ...X, streamName: "first" })).truncated).toBe(false);
});

test("a slow listener costs the wire nothing: the subscription hears on and the loss is marked", async () => {
  const { wire, open, counted } = desk({ bufferEvents: 10 });
  const session = open("s1", { who: GUEST });
  must(await session.join(X));
  const ear = new Ear();
  ear.appetite = 1;
  const { listening } = must(session.listen(ear));
  await settle();
  wire.call.sayAll(words(5_000));
  await settle();
  expect(ear.brief).toEqual(["w0"]);
  expect(wire.call.hungUp).toBe(false);
  ear.appetite = 100;
  listening.resume();
  expect(ear.brief.slice(0, 3)).toEqual(["w0", "truncated 4989", "w4990"]);
  expect(counted.get("events_dropped")).toBe(4_990);
});
