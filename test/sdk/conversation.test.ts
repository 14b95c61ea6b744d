// The SDK with a real standalone: what a conversation gives its subscribers, by every entry of the
// package.
import { randomBytes } from "node:crypto";
import type { Account, Connection } from "@ams/client";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { describeEach } from "./entries.ts";
import { all, failure, next, take } from "./reading.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

describeEach((sdk) => {
  let account: Account;
  const open: Connection[] = [];

  beforeEach(async () => {
    const namespace = `sdk-${randomBytes(6).toString("hex")}`;
    account = await sdk().createAccount(ams.url, { namespace });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((connection) => connection.close()));
  });

  const join: typeof import("@ams/client").join = async (link, options) => {
    const connection = await sdk().join(link, options);
    open.push(connection);
    return connection;
  };
  /** Two streams of one account in a new conversation. */
  const pair = async (options = {}) => {
    const { magicLink } = await account.mint();
    const { credential } = account;
    const reader = await join(magicLink, { credential, streamName: "reader" });
    const writer = await join(magicLink, { credential, streamName: "writer", ...options });
    return { magicLink, credential, reader, writer };
  };

  test("the first lines of the README do what they say", async () => {
    const conversation = await account.mint({ metadata: { purpose: "demo" } });
    const peer = await join(conversation.magicLink, { guest: true });
    const { credential } = account;
    const me = await join(conversation.magicLink, { credential, streamName: "writer" });
    const text = peer.text(me.streamId);
    async function* llmStream() {
      yield "one ";
      yield "two";
    }
    expect(await me.send("hello")).toBeNull();
    expect(await me.pipe(llmStream())).toEqual({ tokens: 2, receipt: null });
    await me.endTurn();
    expect(await all(text)).toEqual(["hello", "one ", "two"]);
    await peer.send("answer");
    for await (const token of me.tokens()) {
      expect(token).toMatchObject({ type: "token", streamId: peer.streamId, data: "answer" });
      expect(token.seq).toMatch(/^\d+-1$/);
      break;
    }
    expect(me.conversationMetadata).toEqual({ purpose: "demo" });
    expect(me.conversationId).toBe(conversation.conversationId);
    expect(me.resumed).toBe(false);
  });

  test("§5.1 nobody hears its own stream unless it asks to; another stream of its account does", async () => {
    const { magicLink, credential, reader, writer } = await pair();
    const selfish = await join(magicLink, {
      credential,
      streamName: "selfish",
      selfSubscribe: true,
    });
    const heard = { reader: reader.tokens(), writer: writer.tokens(), selfish: selfish.tokens() };
    await writer.send("from writer");
    await selfish.send("from selfish");
    await reader.send("from reader");
    const names = async (tokens: AsyncIterator<{ data: string }>, count: number) =>
      new Set((await take(tokens, count)).map(({ data }) => data));
    expect(await names(heard.selfish, 3)).toEqual(
      new Set(["from reader", "from selfish", "from writer"]),
    );
    expect(await names(heard.reader, 2)).toEqual(new Set(["from selfish", "from writer"]));
    expect(await names(heard.writer, 2)).toEqual(new Set(["from reader", "from selfish"]));
  });

  test("§4.3.1 a token arrives as the string that it was", async () => {
    const { reader, writer } = await pair();
    const texts = ["", '\u0000\u2028"\\', "Ä€𝄞", "\ud800", "x".repeat(65_536)];
    const heard = reader.tokens();
    for (const text of texts) await writer.send(text);
    expect((await take(heard, texts.length)).map(({ data }) => data)).toEqual(texts);
  });

  test("§3.2.3 guests have names of their own and hear each other", async () => {
    const { magicLink } = await account.mint();
    const [one, two] = [
      await join(magicLink, { guest: true }),
      await join(magicLink, { guest: true }),
    ];
    expect(one.ownerAccountId).toMatch(/^acc_anon_/);
    expect(one.ownerAccountId).toBe(two.ownerAccountId);
    expect(one.streamName).not.toBe(two.streamName);
    const heard = two.tokens({ from: one.streamName });
    await one.send("hello");
    expect((await take(heard, 1))[0]?.data).toBe("hello");
    expect([...two.peers.keys()]).toEqual([one.streamId]);
  });

  test("§5.10 a selection hears the tokens of its streams only, and everybody come and go", async () => {
    const { magicLink, credential, writer } = await pair();
    const picky = await join(magicLink, {
      credential,
      streamName: "picky",
      subscribeStreams: [writer.streamId],
    });
    const other = await join(magicLink, { credential, streamName: "other" });
    const events = picky.events();
    await other.send("unheard");
    await other.close();
    await writer.send("heard");
    const got = await take(events, 4);
    expect(got.map(({ type }) => type)).toEqual([
      "joined",
      "stream_joined",
      "stream_left",
      "token",
    ]);
    expect(got[3]).toMatchObject({ data: "heard" });
  });

  test("§4.8 with receipts a send resolves with its place, and a pipe with that of its last token", async () => {
    const { reader, writer } = await pair({ receipts: true });
    const heard = reader.tokens();
    const first = await writer.send("a");
    const piped = await writer.pipe(["b", "c"]);
    const tokens = await take(heard, 3);
    expect(first).toEqual({ seq: tokens[0]?.seq, ts: tokens[0]?.ts });
    expect(piped).toEqual({ tokens: 2, receipt: { seq: tokens[2]?.seq, ts: tokens[2]?.ts } });
  });

  test("text ends at the end of a turn or when the stream leaves, turns go on, and a picker takes what it wants", async () => {
    const { reader, writer } = await pair();
    const text = reader.text("writer");
    const turns = reader.turns("writer");
    const chunks = [{ delta: "a" }, { delta: null }, { delta: "b" }, {}];
    expect(await writer.pipe(chunks, (chunk) => chunk.delta)).toMatchObject({ tokens: 2 });
    await writer.endTurn();
    await writer.setMetadata({ status: "thinking" });
    const stream = new ReadableStream<string>({
      start: (controller) => {
        controller.enqueue("c");
        controller.close();
      },
    });
    await writer.pipe(stream);
    await writer.close();
    expect(await all(text)).toEqual(["a", "b"]);
    const read: string[][] = [];
    for await (const turn of turns) read.push(await all(turn));
    expect(read).toEqual([["a", "b"], ["c"]]);
  });

  test("§5.11 metadata is sent to the others, and brought along by who comes later", async () => {
    const { magicLink, reader, writer } = await pair({ streamMetadata: { a: 1 } });
    await next(reader, "stream_joined");
    expect(reader.peers.get(writer.streamId)?.metadata).toEqual({ a: 1 });
    const received = next(reader, "stream_metadata");
    await writer.setMetadata({ b: 2 });
    expect(await received).toMatchObject({ streamName: "writer", metadata: { b: 2 } });
    expect(reader.peers.get(writer.streamId)?.metadata).toEqual({ b: 2 });
    const late = await join(magicLink, { guest: true });
    expect(late.peers.get(writer.streamId)?.metadata).toEqual({ b: 2 });
  });

  test("§3.5 the same name takes the stream over, and who lost it never comes back by itself", async () => {
    const { magicLink, credential, reader, writer } = await pair();
    const received = failure(all(writer.events()));
    const again = await join(magicLink, { credential, streamName: "writer" });
    expect(again.resumed).toBe(true);
    expect(again.streamId).toBe(writer.streamId);
    expect((await writer.closed)?.code).toBe("stream_displaced");
    expect((await failure(writer.send("x"))).code).toBe("stream_displaced");
    expect((await received).code).toBe("stream_displaced");
    const heard = reader.tokens();
    await again.send("still here");
    expect((await take(heard, 1))[0]).toMatchObject({ streamName: "writer", data: "still here" });
    expect(reader.peers.size).toBe(1);
  });

  test("a ping measures the way there and back, and frames can be watched as they are", async () => {
    const frames: [string, string][] = [];
    const { reader, writer } = await pair({
      onFrame: (direction: string, text: string) => frames.push([direction, text]),
    });
    const milliseconds = await writer.ping();
    expect(milliseconds).toBeGreaterThan(0);
    expect(milliseconds).toBeLessThan(5_000);
    const heard = reader.tokens();
    await writer.send("a");
    await take(heard, 1);
    expect(frames.map(([direction, text]) => [direction, JSON.parse(text).type])).toEqual([
      ["in", "joined"],
      ["out", "ping"],
      ["in", "pong"],
      ["out", "token"],
    ]);
    expect(JSON.stringify(frames)).not.toContain(account.credential);
  });

  test("§2 an account lists, inspects, links anew, rotates its credential and ends", async () => {
    const offer = await sdk().offer(ams.url);
    expect(offer.features).toContain("guests");
    expect(offer.limits.token_bytes).toBe(65_536);
    expect((await sdk().health(ams.url)).ts).toMatch(/Z$/);
    const { alias, magicLink, conversationId } = await account.mint({ alias: "standup" });
    const guest = await join(magicLink, { guest: true });
    expect((await sdk().inspect(magicLink)).streams.map((stream) => stream.streamId)).toEqual([
      guest.streamId,
    ]);
    expect(await account.inspect(alias)).toMatchObject({ conversationId });
    expect((await all(account.list())).map((each) => each.alias)).toEqual([alias]);
    const newLink = await account.newLink(alias);
    expect((await guest.closed)?.code).toBe("link_revoked");
    const former = await join(newLink, { credential: account.credential });
    const { credential } = account;
    expect(await account.rotate()).toBe(account.credential);
    expect(account.credential).not.toBe(credential);
    // It works until the new one is used (§2.2.4).
    await sdk().openAccount(ams.url, { credential });
    const same = await sdk().openAccount(ams.url, { credential: account.credential });
    const details = await same.details();
    expect(details).toMatchObject({
      accountId: account.accountId,
      limits: { guestsPerAccount: 1_000 },
    });
    expect((await failure(sdk().openAccount(ams.url, { credential }))).code).toBe(
      "invalid_credential",
    );
    expect((await former.closed)?.code).toBe("invalid_credential"); // §2.2.6
    const member = await join(newLink, { credential: account.credential });
    await account.close(alias);
    expect((await member.closed)?.code).toBe("conversation_closed");
    await account.delete();
    expect((await failure(account.details())).code).toBe("invalid_credential");
  });

  test("an AbortSignal ends whatever it was given to", async () => {
    const { magicLink, credential, writer } = await pair({ receipts: true });
    const signal = AbortSignal.abort();
    const { createAccount, inspect, join: joinSdk, offer } = sdk();
    const calls = [
      createAccount(ams.url, { namespace: "never", signal }),
      offer(ams.url, { signal }),
      inspect(magicLink, { signal }),
      joinSdk(magicLink, { credential, signal }),
      account.mint({ signal }),
      all(account.list({ signal })),
      account.rotate({ signal }),
      writer.send("x", { signal }),
      writer.pipe(["x"], { signal }),
      writer.setMetadata({}, { signal }),
      writer.endTurn({ signal }),
      writer.ping({ signal }),
      writer.tokens({ signal }).next(),
      writer.events({ signal }).next(),
      writer.text("reader", { signal }).next(),
      writer.turns("reader", { signal }).next(),
    ];
    for (const call of calls) expect((await failure(call)).code).toBe("aborted");
    const later = new AbortController();
    const waiting = [
      writer.tokens({ signal: later.signal }).next(),
      writer.text("nobody", { signal: later.signal }).next(),
      writer.pipe(new ReadableStream<string>(), { signal: later.signal }),
    ];
    const failures = waiting.map(failure);
    later.abort();
    for (const error of await Promise.all(failures)) expect(error.code).toBe("aborted");
    expect(await writer.send("goes on")).toMatchObject({ seq: expect.any(String) });
  });
});
