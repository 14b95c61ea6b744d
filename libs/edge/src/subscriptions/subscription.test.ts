import { AmsError } from "@ams/client";
import { expect, test } from "vitest";
import { DIAL_MS, RECEIPT_MS, SUBSCRIPTION_IDLE_MS, SUBSCRIPTION_KEPT_MS } from "../limits.ts";
import { brief, desk, Ear, faultIn, must, settle } from "../testing/desk.ts";
import { PEER } from "../testing/fake-wire.ts";

const X = { link: "link-of-x" };

test("a join that finds the subscription live changes its metadata, and waits no longer than a receipt may take", async () => {
  const { wire, clock, open } = desk();
  const session = open("s1");
  must(await session.join({ ...X, streamMetadata: { mood: "calm" } }));
  expect(wire.call.sent).toEqual([]);
  must(await session.join({ streamMetadata: { mood: "merry" } }));
  expect(wire.call.sent).toEqual(['{"mood":"merry"}']);
  wire.call.sending = (signal) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new AmsError("aborted", "Stopped.")));
    });
  const waiting = session.join({ streamMetadata: { mood: "tired" } });
  await settle();
  clock.pass(RECEIPT_MS);
  expect(faultIn(await waiting)).toBe("delivery_unknown");
});

test("calls at once share one dial, whatever they are", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  const named = { ...X, streamName: "me" };
  const results = await Promise.all([
    session.join(named),
    session.send({ ...named, data: "hello" }),
    session.recv(named),
    session.setMetadata({ ...named, metadata: { busy: true } }),
  ]);
  expect(results.map((result) => result.ok)).toEqual([true, true, true, true]);
  expect(wire.calls).toHaveLength(1);
  expect(wire.call.sent).toEqual(["hello", '{"busy":true}']);
});

test("a dial that isn't answered ends after its time, and nothing is kept of it", async () => {
  const { wire, clock, wrapper, open } = desk();
  wire.dialling = ({ signal }) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new AmsError("aborted", "Stopped.")));
    });
  const joining = open("s1").join(X);
  await settle();
  expect(wrapper.size.subscriptions).toBe(1);
  clock.pass(DIAL_MS);
  expect(faultIn(await joining)).toBe("dial_timeout");
  expect(wrapper.size.subscriptions).toBe(0);
});

test("who comes while a dial fails, at whatever moment, gets a subscription that the process knows of", async () => {
  for (let moment = 0; moment < 40; moment += 1) {
    const { wire, wrapper, open } = desk();
    let fail = () => {};
    wire.dialling = () =>
      new Promise((_, reject) => {
        fail = () => reject(new AmsError("unreachable", "Nobody answers."));
      });
    const session = open("s1");
    const first = session.join({ ...X, streamName: "me" });
    await settle();
    wire.dialling = async () => {};
    fail();
    for (let turn = 0; turn < moment; turn += 1) await null;
    const second = session.join({ ...X, streamName: "me" });
    expect(faultIn(await first)).toBe("unavailable");
    const { ok } = await second;
    expect(wrapper.size.subscriptions, `moment ${moment}`).toBe(ok ? 1 : 0);
    await wrapper.close();
    expect(wire.calls.every((call) => call.hungUp)).toBe(true);
  }
});

test("a caller that goes while it is dialled doesn't end the dial of another", async () => {
  const { wire, open } = desk();
  let answer = () => {};
  wire.dialling = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const session = open("s1");
  const gone = new AbortController();
  const first = session.join({ ...X, streamName: "me", signal: gone.signal });
  const second = session.join({ ...X, streamName: "me" });
  await settle();
  gone.abort();
  expect(faultIn(await first)).toBe("aborted");
  answer();
  expect(must(await second).streamName).toBe("me");
  expect(wire.calls).toHaveLength(1);
});

test("what refuses a dial is the fault, by its name", async () => {
  const { wire, open } = desk();
  const faults = {
    stream_name_conflict: "stream_name_conflict",
    account_concurrency_limit: "account_concurrency_limit",
    invalid_credential: "invalid_credential",
    invalid_stream_metadata: "invalid_metadata",
    invalid_argument: "invalid_peer_identity",
    unreachable: "unavailable",
    internal_error: "unavailable",
  } as const;
  for (const [code, fault] of Object.entries(faults)) {
    wire.dialling = async () => {
      throw new AmsError(code as keyof typeof faults, "No.");
    };
    expect(faultIn(await open(code).join(X))).toBe(fault);
  }
});

test("a subscription idle for 10 minutes leaves; the next call brings it back with its buffer and says that it was away", async () => {
  const { wire, clock, open } = desk();
  const session = open("s1");
  must(await session.join({ ...X, streamMetadata: { mood: "calm" } }));
  wire.call.say("before");
  await settle();
  clock.pass(SUBSCRIPTION_IDLE_MS - 10_000);
  expect(wire.call.hungUp).toBe(false);
  clock.pass(20_000);
  expect(wire.call.hungUp).toBe(true);
  wire.peers = [{ ...PEER, streamId: "str_new", streamName: "new" }];
  const got = must(await session.recv({}));
  expect(wire.calls).toHaveLength(2);
  expect(wire.call.options.streamMetadata).toEqual({ mood: "calm" });
  expect(brief(got.events)).toEqual(["before", "gap away", "stream_left", "stream_joined"]);
  expect(got.truncated).toBe(true);
});

test("a subscription that a call takes by itself carries the session's identity, and keeps its own when it comes back", async () => {
  const { wire, clock, open } = desk();
  const peerIdentity = { kind: "agent", client: "Some Host" } as const;
  const session = open("s1", { clientName: "other", peerIdentity });
  must(await session.send({ ...X, data: "hello" }));
  expect(wire.call.options.peerIdentity).toEqual(peerIdentity);
  expect(wire.call.streamName).toMatch(/^some-host-/);
  must(await session.recv({ link: "link-of-y" }));
  expect(wire.call.options.peerIdentity).toEqual(peerIdentity);
  must(await session.join({ link: "link-of-z", selfSubscribe: true }));
  expect(wire.call.options).toMatchObject({ peerIdentity, selfSubscribe: true });
  const own = { kind: "human", client: "Pen" } as const;
  must(await session.join({ link: "link-of-w", peerIdentity: own }));
  expect(wire.call.options.peerIdentity).toEqual(own);
  clock.pass(SUBSCRIPTION_IDLE_MS + 10_000);
  must(await session.send({ conversationId: "conv_w", data: "back" }));
  expect(wire.call.options.peerIdentity).toEqual(own);
  clock.pass(SUBSCRIPTION_IDLE_MS + 10_000);
  must(await open("s2", { passing: true }).send({ ...X, streamName: "new", data: "bare" }));
  expect(wire.call.options.peerIdentity).toBeUndefined();
});

test("a call or an open listener keeps a subscription from being idle", async () => {
  const { wire, clock, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const { listening } = must(session.listen(new Ear()));
  clock.pass(3 * SUBSCRIPTION_IDLE_MS);
  expect(wire.call.hungUp).toBe(false);
  listening.stop();
  clock.pass(SUBSCRIPTION_IDLE_MS + 10_000);
  expect(wire.call.hungUp).toBe(true);
});

test("a subscription that stays away for long is forgotten", async () => {
  const { clock, wrapper, open } = desk();
  must(await open("s1").join(X));
  expect(wrapper.size.subscriptions).toBe(1);
  clock.pass(SUBSCRIPTION_IDLE_MS + SUBSCRIPTION_KEPT_MS + 10_000);
  expect(wrapper.size.subscriptions).toBe(0);
});

test("after a leave recv and send answer `left`, and only a join comes back", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  wire.call.say("unread");
  const waiting = session.recv({ waitMs: 1_000, cursor: must(await session.recv({})).nextCursor });
  must(await session.leave({}));
  expect(faultIn(await waiting)).toBe("left");
  expect(wire.call.hungUp).toBe(true);
  expect(faultIn(await session.recv({}))).toBe("left");
  expect(faultIn(await session.recv(X))).toBe("left");
  expect(faultIn(await session.send({ ...X, data: "hello" }))).toBe("left");
  expect(must(await session.leave({})).conversationId).toBe("conv_x");
  expect(wire.calls).toHaveLength(1);
  must(await session.join(X));
  expect(must(await session.recv({})).events).toEqual([]);
  expect(wire.calls).toHaveLength(2);
});

test("who only means to listen gets no subscription back that was left; where there is none it gets one of its own name", async () => {
  const { wire, open } = desk();
  const session = open("s1", { passing: true });
  const asks = { ...X, toListen: true, newStreamName: "ear" };
  expect(must(await session.join(asks)).streamName).toBe("ear");
  expect(must(await session.join({ ...asks, newStreamName: "other" })).streamName).toBe("ear");
  must(await session.leave({}));
  for (const named of [{}, { streamName: "ear" }]) {
    expect(faultIn(await session.join({ ...asks, ...named }))).toBe("left");
  }
  expect(wire.calls).toHaveLength(1);
  must(await session.join({ ...X, streamName: "ear" }));
  expect(must(await session.join(asks)).streamName).toBe("ear");
});

test("a leave while it is dialled hangs up as soon as somebody answers", async () => {
  const { wire, open } = desk();
  let answer = () => {};
  wire.dialling = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const session = open("s1");
  const joining = session.join(X);
  await settle();
  must(await session.leave({}));
  answer();
  expect(faultIn(await joining)).toBe("left");
  expect(wire.call.hungUp).toBe(true);
});

test("a revoked link ends the subscription: what was heard can be read, then the fault is answered, until a new link comes", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  const ear = new Ear();
  must(session.listen(ear));
  const { streamName } = must(await session.join(X));
  wire.call.say("last words");
  wire.call.end(new AmsError("link_revoked", "Revoked.", { closeCode: 4001 }));
  await settle();
  expect(ear.brief).toEqual(["last words", "closed 4001 link_revoked"]);
  expect(brief(must(await session.recv({})).events)).toEqual(["last words"]);
  expect(faultIn(await session.recv({}))).toBe("link_revoked");
  expect(faultIn(await session.send({ data: "hello" }))).toBe("link_revoked");
  expect(wire.calls).toHaveLength(1);
  must(await session.send({ link: "link-of-x/2", data: "hello" }));
  expect(wire.call.link).toBe("link-of-x/2");
  expect(wire.call.streamName).toBe(streamName);
});

test("a connection that is lost for good comes back with the next call, and says so", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  wire.call.end(new AmsError("connection_lost", "Lost."));
  await settle();
  must(await session.send({ data: "hello" }));
  expect(wire.calls).toHaveLength(2);
  expect(brief(must(await session.recv({})).events)).toEqual(["gap away"]);
});

test("a stream taken over from outside is not taken back unasked; by a passing session it is", async () => {
  const { wire, open } = desk();
  const displaced = new AmsError("stream_displaced", "Displaced.", { closeCode: 4001 });
  const session = open("s1");
  must(await session.join(X));
  wire.call.end(displaced);
  await settle();
  expect(faultIn(await session.recv(X))).toBe("seat_taken");
  expect(faultIn(await session.join(X))).toBe("seat_taken");
  must(await session.join({ ...X, takeOver: true }));
  const passing = open("s2", { passing: true, clientName: "Other" });
  must(await passing.join(X));
  wire.call.end(displaced);
  await settle();
  must(await passing.recv(X));
  expect(wire.calls).toHaveLength(4);
});

test("when this process was suspended for too long, the loss has its position", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  wire.call.failReader();
  await settle();
  wire.call.say("after");
  await settle();
  expect(brief(must(await session.recv({})).events)).toEqual(["gap away", "after"]);
});

test("a receipt that doesn't come is `delivery_unknown`; a caller that goes is `aborted`", async () => {
  const { wire, clock, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  wire.call.sending = (signal) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new AmsError("aborted", "Stopped.")));
    });
  const sending = session.send({ data: "hello" });
  await settle();
  clock.pass(RECEIPT_MS);
  expect(faultIn(await sending)).toBe("delivery_unknown");
  const gone = new AbortController();
  const cut = session.send({ data: "hello", signal: gone.signal });
  await settle();
  gone.abort();
  expect(faultIn(await cut)).toBe("aborted");
});

test("what waits for a connection that doesn't come back in time is `unavailable`: it was not sent", async () => {
  const { wire, clock, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const { call } = wire;
  const cause = new AmsError("connection_lost", "Broke.");
  call.emit({ type: "reconnecting", attempt: 1, delayMs: 1, cause });
  call.sending = (signal) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new AmsError("aborted", "Stopped.")));
    });
  const waiting = session.send({ data: "hello" });
  await settle();
  clock.pass(RECEIPT_MS);
  expect(faultIn(await waiting)).toBe("unavailable");
  call.joined(true);
  await settle();
  const inDoubt = session.send({ data: "hello" });
  await settle();
  clock.pass(RECEIPT_MS);
  expect(faultIn(await inDoubt)).toBe("delivery_unknown");
});

test("what a connection hadn't taken when it ended is sent by the next, if there may be one", async () => {
  const { wire, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const endBy = (code: "connection_lost" | "stream_displaced") => {
    const { call } = wire;
    call.sending = async () => {
      const error = new AmsError(code, "Ended.");
      call.end(error);
      throw error;
    };
  };
  endBy("connection_lost");
  must(await session.send({ data: "hello" }));
  expect(wire.calls.map((call) => call.sent)).toEqual([[], ["hello"]]);
  endBy("stream_displaced");
  expect(faultIn(await session.send({ data: "hello" }))).toBe("seat_taken");
  expect(wire.calls).toHaveLength(2);
});
