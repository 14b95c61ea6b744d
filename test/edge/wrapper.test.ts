// Sessions for callers without a socket, on a real AMS: several edges, accounts and guests, and
// what goes wrong in the world.
import { type Account, join, type Minted } from "@ams/client";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import {
  Ear,
  type Edge,
  type EdgeOptions,
  faultIn,
  HandClock,
  isToken,
  must,
  newAccount,
  openEdge,
  recvUntil,
  tokensIn,
} from "./people.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone({ AMS_SUBSCRIBERS_PER_CONVERSATION: "5" });
});
afterAll(() => ams.stop());

const edges: Edge[] = [];
const edge = (options: EdgeOptions = {}): Edge => {
  const opened = openEdge(ams.url, options);
  edges.push(opened);
  return opened;
};

let owner: Account;
let minted: Minted;
let link: string;
beforeEach(async () => {
  owner = await newAccount(ams.url);
  minted = await owner.mint({ metadata: { title: "Stand-up" } });
  link = minted.magicLink;
});
afterEach(async () => {
  await Promise.all(edges.splice(0).map(({ wrapper }) => wrapper.close()));
});

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `t${n}`);

test("an account and a guest on two edges talk: each event once per path, none lost, and neither hears itself", async () => {
  const [a, b] = [edge().session(owner), edge().session()];
  const ear = new Ear();
  must(a.listen(ear));
  const joined = must(await a.join({ link, streamMetadata: { role: "host" } }));
  expect(joined).toMatchObject({
    conversationId: minted.conversationId,
    conversationMetadata: { title: "Stand-up" },
    ownerAccountId: owner.accountId,
    metadata: { role: "host" },
    resumed: false,
    truncated: false,
    peers: [],
  });
  const guest = must(await b.join({ link, peerIdentity: { kind: "agent", client: "Tester" } }));
  expect(guest.peers.map((peer) => peer.streamName)).toEqual([joined.streamName]);
  for (const data of numbered(100)) must(await b.send({ data }));
  must(await b.setMetadata({ metadata: { done: true } }));
  await ear.until((event) => event.kind === "stream_metadata");
  const shown = [...a.pending().events, ...a.pending().events, ...a.pending().events];
  const { events } = must(await a.recv({ maxEvents: 1_000 }));
  for (const path of [ear.heard, shown, events]) {
    expect(path.map((event) => event.kind)).toEqual([
      "stream_joined",
      ...numbered(100).map(() => "token"),
      "stream_metadata",
    ]);
    expect(tokensIn(path)).toEqual(numbered(100));
  }
  expect(events[1]).toMatchObject({
    streamName: guest.streamName,
    peerIdentity: { kind: "agent", client: "Tester" },
    conversationId: minted.conversationId,
  });
  must(await a.send({ data: "answer" }));
  expect(tokensIn(await recvUntil(b, isToken("answer")))).toEqual(["answer"]);
  expect(must(await a.recv({})).events).toEqual([]);
  must(await b.leave({}));
  await ear.until((event) => event.kind === "stream_left");
  must(await a.leave({}));
  expect(ear.heard.at(-1)).toMatchObject({ kind: "closed", code: 1000, reason: "left" });
  expect((await owner.inspect(minted.alias)).streams).toEqual([]);
});

test("calls at once share one dial, and it is one stream on the wire", async () => {
  const { counted, session } = edge();
  const [a, guest] = [session(owner), session()];
  const calls = [
    a.send({ link, data: "1" }),
    a.recv({ link }),
    a.join({ link }),
    a.peers({ link }),
  ];
  for (const result of await Promise.all([...calls, guest.join({ link })])) must(result);
  expect(counted.get("dials")).toBe(2);
  expect((await owner.inspect(minted.alias)).streams).toHaveLength(2);
});

test("AMS is killed and comes back: the subscription goes on with its buffer and cursors, and what may be lost is reported", async () => {
  const { session } = edge();
  const [a, b] = [session(owner), session()];
  const { cursor } = must(await a.join({ link }));
  must(await b.send({ link, data: "before" }));
  await recvUntil(a, isToken("before"));
  const waiting = recvUntil(a, isToken("after"));
  await ams.restart("SIGKILL");
  // Both come back by themselves, neither knows when the other does.
  while ((await owner.inspect(minted.alias)).streams.length < 2);
  must(await b.send({ data: "after" }));
  const events = await waiting;
  expect(tokensIn(events)).toEqual(["after"]);
  expect(events.map((event) => event.kind)).toContain("gap");
  const again = must(await a.recv({ cursor }));
  expect(tokensIn(again.events)).toEqual(["before", "after"]);
});

test("1,100 tokens into a buffer of 1,000: the loss is marked at its place and counted", async () => {
  const { session } = edge();
  const a = session(owner);
  const ear = new Ear();
  must(await a.join({ link }));
  must(a.listen(ear));
  const peer = await join(link, { guest: true });
  await peer.pipe(numbered(1_100), { endTurn: false });
  await ear.until(isToken("t1099"));
  expect(tokensIn(ear.heard)).toEqual(numbered(1_100));
  const got = must(await a.recv({ maxEvents: 1_000 }));
  expect(got).toMatchObject({ truncated: true, dropped: 101, more: false });
  expect(got.events[0]).toMatchObject({ kind: "truncated", dropped: 101 });
  expect(tokensIn(got.events)).toEqual(numbered(1_100).slice(100));
  await peer.close();
});

test("a listener that takes nothing costs the wire nothing", async () => {
  const { session, counted } = edge({ limits: { bufferEvents: 10 } });
  const a = session(owner);
  must(await a.join({ link }));
  must(a.listen({ event: () => false, ended: () => {} }));
  const peer = await join(link, { guest: true, receipts: true });
  for (let n = 0; n < 300; n += 1) await peer.send(`${n} ${"x".repeat(20_000)}`);
  let data = "";
  while (!data.startsWith("299 ")) {
    data = tokensIn(must(await a.recv({ waitMs: 25_000 })).events).at(-1) ?? data;
  }
  expect((await owner.inspect(minted.alias)).streams).toHaveLength(2);
  expect(counted.get("reconnects") ?? 0).toBe(0);
  await peer.close();
});

test("a `recv` cut off by its caller has consumed nothing", async () => {
  const { session } = edge();
  const [a, b] = [session(owner), session()];
  must(await a.join({ link }));
  must(await b.join({ link }));
  await recvUntil(a, (event) => event.kind === "stream_joined");
  const gone = new AbortController();
  const waiting = a.recv({ waitMs: 25_000, signal: gone.signal });
  const sent = b.send({ data: "kept" });
  gone.abort();
  expect(faultIn(await waiting)).toBe("aborted");
  must(await sent);
  expect(tokensIn(await recvUntil(a, isToken("kept")))).toEqual(["kept"]);
});

test("a subscription is one live session's, until another takes it over and until that one says the same", async () => {
  const { session } = edge();
  const [first, second] = [session(owner), session(owner)];
  must(await first.join({ link, streamName: "subscription" }));
  expect(faultIn(await second.join({ link, streamName: "subscription" }))).toBe("seat_taken");
  must(await second.join({ link, streamName: "subscription", takeOver: true }));
  expect(faultIn(await first.send({ data: "mine" }))).toBe("seat_taken");
  must(await second.send({ data: "mine" }));
  must(await first.join({ link, streamName: "subscription", takeOver: true }));
  expect(faultIn(await second.send({ data: "mine" }))).toBe("seat_taken");
  expect((await owner.inspect(minted.alias)).streams).toHaveLength(1);
});

test("another edge takes the stream over: a session here must say takeover, a passing one need not", async () => {
  const [here, there] = [edge(), edge()];
  const [first, second] = [here.session(owner), there.session(owner)];
  const [ear, otherEar] = [new Ear(), new Ear()];
  must(first.listen(ear));
  must(second.listen(otherEar));
  must(await first.join({ link, streamName: "subscription" }));
  expect(must(await second.join({ link, streamName: "subscription" })).resumed).toBe(true);
  await ear.until((event) => event.kind === "closed");
  expect(ear.heard.at(-1)).toMatchObject({ code: 4001, reason: "stream_displaced" });
  expect(faultIn(await first.send({ link, data: "x" }))).toBe("seat_taken");
  must(await first.join({ link, streamName: "subscription", takeOver: true }));
  await otherEar.until((event) => event.kind === "closed");
  const passing = there.session(owner, { passing: true });
  second.end();
  must(await passing.send({ link, streamName: "subscription", data: "x" }));
});

test("stateless calls work on either of two edges, and what is lost between them is reported", async () => {
  const either = [edge(), edge()].map(({ session }) => session(owner, { passing: true }));
  const peer = await join(link, { guest: true });
  const heard = (async () => {
    const data: string[] = [];
    for await (const token of peer.tokens()) if (data.push(token.data) === 6) break;
    return data;
  })();
  const names = new Set<string>();
  let cursor: string | undefined;
  for (let turn = 0; turn < 6; turn += 1) {
    const session = either[turn % 2];
    if (session === undefined) throw new Error("There are two.");
    const got = must(await session.recv({ link, ...(cursor === undefined ? {} : { cursor }) }));
    expect(got.truncated, `turn ${turn}`).toBe(turn > 0);
    must(await session.send({ link, data: `${turn}` }));
    names.add(got.streamName);
    cursor = got.nextCursor;
  }
  expect([...names]).toHaveLength(1);
  expect(await heard).toEqual(["0", "1", "2", "3", "4", "5"]);
  await peer.close();
});

test("a subscription that nobody uses for 10 minutes leaves the wire, and the next call brings it back", async () => {
  const clock = new HandClock();
  const { session } = edge({ clock });
  const a = session(owner);
  const { streamId } = must(await a.join({ link }));
  const peer = await join(link, { guest: true });
  const events = peer.events();
  clock.pass(600_001);
  for await (const event of events) if (event.type === "stream_left") break;
  expect(peer.peers.size).toBe(0);
  expect(must(await a.send({ data: "back" })).streamId).toBe(streamId);
  expect(must(await a.recv({})).events.map((event) => event.kind)).toContain("gap");
  await peer.close();
});

test("a revoked link ends the subscription that came in by it, opens nothing, and a new one goes on with the same subscription", async () => {
  const { session, wrapper } = edge();
  const a = session(owner);
  const ear = new Ear();
  must(a.listen(ear));
  const { streamId } = must(await a.join({ link }));
  const renewed = await owner.newLink(minted.alias);
  await ear.until((event) => event.kind === "closed");
  expect(ear.heard.at(-1)).toMatchObject({ code: 4001, reason: "link_revoked" });
  expect(faultIn(await a.send({ data: "x" }))).toBe("link_revoked");
  const fresh = edge().wrapper;
  expect(faultIn(await fresh.links.check(link))).toBe("invalid_magic_link");
  expect(must(await a.send({ link: renewed, data: "x" })).streamId).toBe(streamId);
  expect(must(await wrapper.links.check(renewed)).link.conversationId).toBe(minted.conversationId);
});

test("a link that holds no more is refused a second later at most, though its yes was kept", async () => {
  const clock = new HandClock();
  const { wrapper } = edge({ clock });
  must(await wrapper.links.check(link));
  must(await wrapper.credentials.check(owner.credential));
  const old = owner.credential;
  await owner.newLink(minted.alias);
  await owner.rotate({ graceS: 0 });
  clock.pass(1_001);
  expect(faultIn(await wrapper.links.check(link))).toBe("invalid_magic_link");
  expect(faultIn(await wrapper.credentials.check(old))).toBe("invalid_credential");
});

test("a closed conversation says so to whoever was in it, and to whoever comes", async () => {
  const { session } = edge();
  const a = session();
  const ear = new Ear();
  must(a.listen(ear));
  must(await a.join({ link }));
  await owner.close(minted.alias);
  await ear.until((event) => event.kind === "closed");
  expect(ear.heard.at(-1)).toMatchObject({ code: 4005, reason: "conversation_closed" });
  expect(faultIn(await a.recv({}))).toBe("conversation_closed");
  expect(faultIn(await edge().session().join({ link }))).toBe("conversation_not_found");
});

test("a wrong credential is nobody, wherever it has a place in line", async () => {
  const { wrapper } = edge();
  const bad = ["", "wrong", `ams_sk_${"x".repeat(43)}`];
  for (const text of bad) {
    expect(faultIn(await wrapper.credentials.check(text))).toBe("invalid_credential");
  }
  const checked = must(await wrapper.credentials.check(owner.credential));
  expect(checked.account.accountId).toBe(owner.accountId);
  expect(faultIn(await wrapper.links.check(`${link}x`))).toBe("invalid_magic_link");
  const nowhere = link.replace(minted.alias, "no-such-alias");
  expect(faultIn(await wrapper.links.check(nowhere))).toBe("conversation_not_found");
});

test("what the wire refuses has its own fault", async () => {
  const { session } = edge();
  const other = await newAccount(ams.url);
  must(await session(owner).join({ link, streamName: "taken" }));
  const conflict = await session(other).join({ link, streamName: "taken" });
  expect(faultIn(conflict)).toBe("stream_name_conflict");
  const big = { text: "x".repeat(20_000) };
  const a = session(owner);
  expect(faultIn(await a.join({ link, streamMetadata: big }))).toBe("invalid_metadata");
  must(await a.join({ link }));
  expect(faultIn(await a.setMetadata({ metadata: big }))).toBe("invalid_metadata");
  expect(faultIn(await a.send({ data: "x".repeat(65_537) }))).toBe("token_too_large");
  for (const guest of [session(), session(), session()]) must(await guest.join({ link }));
  expect(faultIn(await session().join({ link }))).toBe("conversation_subscriber_limit");
});

test("where no AMS answers, that is said, and nothing hangs", async () => {
  const { wrapper, session } = openEdge("http://127.0.0.1:1");
  expect(faultIn(await wrapper.credentials.check(owner.credential))).toBe("unavailable");
  expect(faultIn(await wrapper.offer())).toBe("unavailable");
  expect(faultIn(await session(owner).join({ link }))).toBe("unavailable");
  await wrapper.close();
  expect(must(await edge().wrapper.offer()).offer.features).toContain("guests");
});
