import { expect, test } from "vitest";
import {
  SESSION_KEPT_MS,
  SESSION_LIVE_MS,
  SUBSCRIPTION_IDLE_MS,
  UNSUBSCRIBED_KEPT_MS,
} from "../limits.ts";
import { brief, desk, Ear, faultIn, must, settle } from "../testing/desk.ts";
import { account, GUEST, PEER } from "../testing/fake-wire.ts";

const X = { link: "link-of-x" };
const ME = { ...X, streamName: "me" };

test("a session is nobody else's: another account, no account, or a bound link can't find it", () => {
  const { wire, wrapper, open } = desk();
  open("s1");
  open("s2", { who: GUEST });
  const bound = { kind: "guest", link: wire.checked("link-of-x") } as const;
  open("s3", { who: bound });
  expect(wrapper.find("s1", account("a"))?.id).toBe("s1");
  expect(wrapper.find("s1", account("b"))).toBeNull();
  expect(wrapper.find("s1", GUEST)).toBeNull();
  expect(wrapper.find("s2", account("a"))).toBeNull();
  expect(wrapper.find("s2", bound)).toBeNull();
  expect(wrapper.find("s3", bound)?.id).toBe("s3");
  expect(wrapper.find("s3", { kind: "guest", link: wire.checked("link-of-y") })).toBeNull();
  expect(wrapper.find("s4", account("a"))).toBeNull();
});

test("10,000 sessions from one address are capped, and so is the process; an ended one frees one", () => {
  const { wrapper, counted } = desk({ sessions: 6, sessionsPerAddress: 4 });
  const openAt = (id: string, address: string) => wrapper.open({ id, who: account("a"), address });
  const many = Array.from({ length: 10_000 }, (_, n) => openAt(`s${n}`, "10.0.0.1"));
  expect(many.filter((result) => result.ok)).toHaveLength(4);
  expect(faultIn(many[4] ?? openAt("none", "none"))).toBe("too_many_sessions");
  must(openAt("t1", "10.0.0.2"));
  must(openAt("t2", "10.0.0.2"));
  expect(faultIn(openAt("t3", "10.0.0.3"))).toBe("too_many_sessions");
  wrapper.find("s0", account("a"))?.end();
  must(openAt("t3", "10.0.0.3"));
  expect(wrapper.size.sessions).toBe(6);
  expect(counted.get("sessions_refused")).toBe(9_997);
  expect(faultIn(openAt("t3", "10.0.0.4"))).toBe("session_exists");
  expect(faultIn(openAt("", "10.0.0.4"))).toBe("invalid_session_id");
});

test("when sessions are at their cap the quietest without a subscription goes, of the address if that is what is full", async () => {
  const { clock, wrapper, open, counted } = desk({ sessions: 4, sessionsPerAddress: 2 });
  const near = { address: "10.0.0.1" };
  const far = open("far");
  must(await far.join(X));
  must(await far.leave({}));
  clock.pass(1);
  must(await open("subscribed", near).join(X));
  open("idle", near);
  clock.pass(SESSION_LIVE_MS);
  const request = { who: account("a"), ...near };
  expect(faultIn(wrapper.open({ id: "new", ...request }))).toBe("too_many_sessions");
  clock.pass(1);
  open("new", near);
  expect(wrapper.find("idle", account("a"))).toBeNull();
  must(open("listens").listen(new Ear()));
  clock.pass(SESSION_LIVE_MS - 1);
  open("last", { address: "10.0.0.3" });
  expect(wrapper.find("far", account("a"))).toBeNull();
  const more = { id: "more", who: account("a"), address: "10.0.0.4" };
  expect(faultIn(wrapper.open(more))).toBe("too_many_sessions");
  expect(wrapper.find("subscribed", account("a"))).not.toBeNull();
  expect(wrapper.size.sessions).toBe(4);
  expect(counted.get("sessions_ended")).toBe(2);
  expect(counted.get("sessions_refused")).toBe(2);
});

test("a session that never took a subscription is forgotten after a minute, and not while it waits for one", async () => {
  const { clock, wire, wrapper, open } = desk();
  open("s1");
  must(open("s2").listen(new Ear()));
  const left = open("s3");
  must(await left.join(X));
  must(await left.leave({}));
  wire.dialling = () => new Promise(() => {});
  void open("s4").join({ link: "link-of-y" });
  await settle();
  clock.pass(UNSUBSCRIBED_KEPT_MS + 10_000);
  expect(wrapper.find("s1", account("a"))).toBeNull();
  for (const id of ["s2", "s3", "s4"]) expect(wrapper.find(id, account("a"))).not.toBeNull();
});

test("a session with a subscription is forgotten after an hour without a call, and not while it listens", async () => {
  const { clock, wrapper, open } = desk();
  must(await open("s1").join(X));
  clock.pass(SESSION_KEPT_MS);
  expect(wrapper.find("s1", account("a"))).not.toBeNull();
  const { listening } = must(open("s2").listen(new Ear()));
  clock.pass(SESSION_KEPT_MS + 10_000);
  expect(wrapper.find("s1", account("a"))).toBeNull();
  expect(wrapper.find("s2", account("a"))).not.toBeNull();
  listening.stop();
  clock.pass(SESSION_KEPT_MS + 10_000);
  expect(wrapper.size).toMatchObject({ sessions: 0, listeners: 0 });
});

test("ending a session leaves an account's subscription with its buffer and position, found again by name or handle", async () => {
  const { wire, open } = desk();
  const first = open("s1");
  const { streamName, handle } = must(await first.join(X));
  wire.call.sayAll(["one", "two", "three"]);
  await settle();
  must(await first.recv({ maxEvents: 1 }));
  first.end();
  expect(faultIn(await first.recv({}))).toBe("session_ended");
  expect(wire.call.hungUp).toBe(false);
  const second = open("s2");
  expect(must(await second.join({ ...X, streamName }))).toMatchObject({ resumed: true, handle });
  expect(brief(must(await second.recv({ maxEvents: 1 })).events)).toEqual(["two"]);
  const third = open("s3");
  expect(brief(must(await third.recv({ handle })).events)).toEqual(["three"]);
  expect(faultIn(await second.recv({}))).toBe("seat_taken");
  expect(wire.calls).toHaveLength(1);
});

test("of two live sessions that claim one subscription the second gets `seat_taken`; who loses it must say takeover to have it back", async () => {
  const { clock, open, counted } = desk();
  const [first, second] = [open("s1"), open("s2")];
  const ear = new Ear();
  must(first.listen(ear));
  must(await first.join(ME));
  for (const call of [second.join(ME), second.recv(ME), second.send({ ...ME, data: "x" })]) {
    expect(faultIn(await call)).toBe("seat_taken");
  }
  const waiting = first.recv({ waitMs: 10_000 });
  await settle();
  must(await second.join({ ...ME, takeOver: true }));
  expect(faultIn(await waiting)).toBe("seat_taken");
  expect(ear.brief).toEqual(["closed 4001 seat_taken"]);
  clock.pass(SESSION_LIVE_MS * 2); // The winner isn't live any more; it still is the winner.
  expect(faultIn(await first.send({ data: "x" }))).toBe("seat_taken");
  expect(faultIn(await first.join(ME))).toBe("seat_taken");
  must(await first.join({ ...ME, takeOver: true }));
  expect(faultIn(await second.recv({}))).toBe("seat_taken");
  expect(counted.get("subscription_takeovers")).toBe(2);
});

test("a call that is refused for what it asks takes no subscription from anybody", async () => {
  const { clock, open, counted } = desk();
  const [first, second] = [open("s1"), open("s2")];
  const { cursor } = must(await first.join(ME));
  const { cursor: elsewhere } = must(await second.join({ link: "link-of-y", streamName: "me" }));
  const future = cursor.replace(/~0$/, "~zz");
  for (const since of ["nonsense", elsewhere, future]) {
    const call = second.join({ ...ME, since, takeOver: true });
    expect(faultIn(await call)).toBe("invalid_cursor");
  }
  const none = second.join({ ...ME, lastN: 0, takeOver: true });
  expect(faultIn(await none)).toBe("invalid_max_events");
  must(await first.recv({}));
  // Now the subscription goes to the session whose call asks for it, if the call is good.
  clock.pass(SESSION_LIVE_MS + 1);
  expect(faultIn(await second.recv({ ...ME, cursor: future }))).toBe("invalid_cursor");
  expect(faultIn(await second.recv({ ...ME, cursor, waitMs: -1 }))).toBe("invalid_wait");
  must(await first.recv({}));
  expect(counted.get("subscription_takeovers")).toBeUndefined();
});

test("a refused join of a subscription that was left brings nothing back", async () => {
  const { open } = desk();
  const session = open("s1");
  must(await session.join(ME));
  const { cursor: since } = must(await session.join({ link: "link-of-y", streamName: "me" }));
  must(await session.leave(ME));
  expect(faultIn(await session.join({ ...ME, since }))).toBe("invalid_cursor");
  expect(faultIn(await session.recv(ME))).toBe("left");
});

test("a subscription that was taken back is pushed from where each path stopped", async () => {
  const { wire, open } = desk();
  const [first, second] = [open("s1"), open("s2")];
  const ear = new Ear();
  must(first.listen(ear));
  must(await first.join(ME));
  wire.call.say("one");
  await settle();
  must(await second.join({ ...ME, takeOver: true }));
  wire.call.say("two");
  await settle();
  must(await first.join({ ...ME, takeOver: true }));
  wire.call.say("three");
  await settle();
  expect(ear.brief).toEqual(["one", "closed 4001 seat_taken", "two", "three"]);
});

test("a session that is not live for 30 s loses its subscription to who asks; one that listens is live", async () => {
  const { clock, open } = desk();
  const [first, second] = [open("s1"), open("s2")];
  must(await first.join(ME));
  const { listening } = must(first.listen(new Ear()));
  clock.pass(SESSION_LIVE_MS * 2);
  expect(faultIn(await second.join(ME))).toBe("seat_taken");
  listening.stop();
  clock.pass(SESSION_LIVE_MS);
  expect(faultIn(await second.join(ME))).toBe("seat_taken");
  clock.pass(1);
  must(await second.join(ME));
});

test("subscriptions of different accounts never meet, not even under one name and by their cursors", async () => {
  const { wire, open } = desk();
  const [a, b] = [open("s1"), open("s2", { who: account("b") })];
  const { cursor } = must(await a.join(ME));
  must(await b.join(ME));
  expect(wire.calls.map((call) => call.options.credential)).toEqual(["ams_sk_a", "ams_sk_b"]);
  wire.calls[0]?.say("for a");
  await settle();
  expect(must(await b.recv({})).events).toEqual([]);
  expect(faultIn(await b.recv({ ...ME, cursor }))).toBe("invalid_cursor");
  expect(faultIn(await b.recv({ conversationId: "conv_y" }))).toBe("not_joined");
});

test("a link of Y in a session of X goes to Y, and a garbage link nowhere", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const sent = must(await session.send({ link: "link-of-y", data: "hello" }));
  expect(sent.conversationId).toBe("conv_y");
  expect(wire.call.sent).toEqual(["hello"]);
  expect(wire.calls[0]?.sent).toEqual([]);
  expect(faultIn(await session.send({ link: "garbage", data: "hello" }))).toBe(
    "invalid_magic_link",
  );
  expect(faultIn(await session.send({ data: "hello" }))).toBe("which_conversation");
  const both = { ...X, conversationId: "conv_y", data: "hello" };
  expect(faultIn(await session.send(both))).toBe("conversation_mismatch");
  must(await session.send({ conversationId: "conv_x", data: "to x" }));
  expect(wire.calls[0]?.sent).toEqual(["to x"]);
  wire.revoked.add("link-of-x");
  expect(faultIn(await session.recv(X))).toBe("invalid_magic_link");
});

test("a session bound to a link needs to give it no more", async () => {
  const { wire, open } = desk();
  const session = open("s1", { who: { kind: "guest", link: wire.checked("link-of-x") } });
  expect(must(await session.send({ data: "hello" })).conversationId).toBe("conv_x");
  expect(faultIn(await session.recv({ conversationId: "conv_y" }))).toBe("not_joined");
});

test("automatic names are each session's own, and pass over what others have, here and elsewhere", async () => {
  const { open } = desk();
  const one = must(await open("s1").join(X)).streamName;
  expect(must(await open("s2").join(X)).streamName).not.toBe(one);
  const elsewhere = desk();
  elsewhere.wire.streams = [{ ...PEER, streamName: one }];
  expect(must(await elsewhere.open("s1").join(X)).streamName).not.toBe(one);
});

test("an automatic name begins with the client that the join names, else with the session's program", async () => {
  const { open } = desk();
  const session = open("s1", { clientName: "Some Host" });
  const peerIdentity = { kind: "agent", client: "Claude Code" } as const;
  expect(must(await session.join({ ...X, peerIdentity })).streamName).toMatch(/^claude-code-/);
  const plain = { link: "link-of-y", peerIdentity: { kind: "agent" } } as const;
  expect(must(await session.join(plain)).streamName).toMatch(/^some-host-[a-z2-9]{4}$/);
  const named = { link: "link-of-z", streamName: "me", peerIdentity };
  expect(must(await session.join(named)).streamName).toBe("me");
});

test("an account names a subscription by its name or handle, and two of its programs are never taken for each other", async () => {
  const { open } = desk();
  const first = open("s1");
  must(await first.join({ ...X, streamName: "one" }));
  first.end();
  const second = open("s2");
  expect(faultIn(await second.recv({ conversationId: "conv_x" }))).toBe("not_joined");
  const named = { conversationId: "conv_x", streamName: "one" };
  expect(must(await second.recv(named)).streamName).toBe("one");
  must(await second.join({ ...X, streamName: "two" }));
  expect(must(await second.recv({ conversationId: "conv_x" })).streamName).toBe("two");
  expect(faultIn(await open("s3").recv(named))).toBe("seat_taken");
});

test("the roster needs no subscription, and takes none", async () => {
  const { wire, wrapper, open } = desk();
  wire.streams = [PEER];
  const session = open("s1");
  expect(must(await session.peers(X))).toMatchObject({ streamName: null, peers: [PEER] });
  expect(wrapper.size.subscriptions).toBe(0);
  expect(faultIn(await session.peers({}))).toBe("not_joined");
  must(await session.join(ME));
  expect(must(await session.peers({}))).toMatchObject({ streamName: "me", peers: [PEER] });
});

test("subscriptions have limits, of a session and of the process; what has left frees one", async () => {
  const { wrapper, open } = desk({ subscriptions: 3, subscriptionsPerSession: 2 });
  const [a, b] = [open("s1"), open("s2")];
  must(await a.join({ ...X, streamName: "one" }));
  must(await a.join({ ...X, streamName: "two" }));
  expect(faultIn(await a.join({ ...X, streamName: "three" }))).toBe("too_many_seats");
  must(await b.join({ ...X, streamName: "three" }));
  expect(faultIn(await b.join({ ...X, streamName: "four" }))).toBe("too_many_seats");
  must(await a.leave({ ...X, streamName: "one" }));
  must(await b.join({ ...X, streamName: "four" }));
  expect(wrapper.size.subscriptions).toBe(3);
});

test("calls under way at once have a limit", async () => {
  const { open } = desk({ callsPerSession: 2 });
  const session = open("s1");
  must(await session.join(X));
  const gone = new AbortController();
  const wait = () => session.recv({ waitMs: 1_000, signal: gone.signal });
  const waiting = [wait(), wait()];
  expect(faultIn(await wait())).toBe("too_many_calls");
  gone.abort();
  await Promise.all(waiting);
  must(await session.recv({}));
});

test("a subscription that rests frees one for another of its session", async () => {
  const { clock, open } = desk({ subscriptionsPerSession: 1 });
  const session = open("s1");
  must(await session.join({ ...X, streamName: "one" }));
  expect(faultIn(await session.join({ ...X, streamName: "two" }))).toBe("too_many_seats");
  clock.pass(SUBSCRIPTION_IDLE_MS + 10_000);
  must(await session.join({ ...X, streamName: "two" }));
  expect(faultIn(await session.recv({ streamName: "one" }))).toBe("not_joined");
});

test("who joins and leaves again and again costs no more than the subscriptions of a session", async () => {
  const { wrapper, open } = desk({ subscriptionsPerSession: 3 });
  const session = open("s1");
  for (let n = 0; n < 100; n += 1) {
    must(await session.leave(must(await session.join({ ...X, streamName: `brief-${n}` }))));
  }
  expect(wrapper.size.subscriptions).toBe(3);
});

test("what can't be asked is refused with its fault", async () => {
  const { open } = desk();
  const session = open("s1");
  expect(faultIn(await session.recv({ ...X, waitMs: 25_001 }))).toBe("invalid_wait");
  expect(faultIn(await session.recv({ ...X, waitMs: 0.5 }))).toBe("invalid_wait");
  expect(faultIn(await session.recv({ ...X, maxEvents: 0 }))).toBe("invalid_max_events");
  expect(faultIn(await session.recv({ ...X, maxEvents: 1_001 }))).toBe("invalid_max_events");
  expect(faultIn(await session.join({ ...X, lastN: 0 }))).toBe("invalid_max_events");
  expect(faultIn(await session.recv({ ...X, cursor: "nonsense" }))).toBe("invalid_cursor");
  expect(faultIn(await session.join({ ...X, streamName: "no spaces" }))).toBe(
    "invalid_stream_name",
  );
  expect(faultIn(await session.recv({}))).toBe("not_joined");
});
