/**
 * §5.1 to §5.5, §5.10: who hears what, and in which order. What must not arrive is proved by what
 * comes behind it.
 */
import { expect, test } from "vitest";
import { account, HERE, mint, THERE } from "./driver.ts";
import { join, type Subscriber } from "./subscriber.ts";

const SELF = { "x-ams-self-subscribe": "true" };

/** Says this and waits until each of the readers has it. */
async function deliver(from: Subscriber, data: string, to: readonly Subscriber[]): Promise<void> {
  from.say(data);
  for (const reader of to) await reader.token(data);
}

test("§5.1 a stream's owner never receives its own tokens or metadata", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const owner = await join(minted, { as: ann, name: "owner" });
  const others = [
    await join(minted, { as: bob, name: "here", at: HERE }),
    await join(minted, { as: bob, name: "there", at: THERE }),
  ];
  for (const at of [1, 2, 3]) await deliver(owner, `mine ${at}`, others);
  owner.send({ type: "set_metadata", metadata: { is: "mine" } });
  for (const other of others) await other.next("stream_metadata");
  for (const [index, other] of others.entries()) await deliver(other, `theirs ${index}`, [owner]);
  await owner.drained();
  expect(owner.heard).toEqual(["theirs 0", "theirs 1"]);
  expect(owner.frames.filter(({ type }) => type === "stream_metadata")).toEqual([]);
});

test("§5.1 who asked for itself gets its own tokens and metadata, once and in order", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const reader = await join(minted, { as: bob, name: "reader", at: THERE });
  const owner = await join(minted, { as: ann, name: "owner", headers: SELF });
  expect(owner.joined.self_subscribe).toBe(true);
  owner.say("a");
  owner.send({ type: "set_metadata", metadata: { is: "mine" } });
  await deliver(owner, "b", [owner, reader]);
  await deliver(reader, "fence", [owner]);
  const own = (one: Subscriber) =>
    one.frames.filter(
      (f) => (f.type === "token" || f.type === "stream_metadata") && f.stream_id === owner.id,
    );
  expect(own(owner).map(({ type }) => type)).toEqual(["token", "stream_metadata", "token"]);
  expect(own(reader)).toEqual(own(owner));
});

test("§5.1 another stream of the same account is another stream, and does receive", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const one = await join(minted, { as: ann, name: "one", at: HERE });
  const two = await join(minted, { as: ann, name: "two", at: HERE });
  const three = await join(minted, { as: ann, name: "three", at: THERE });
  await deliver(one, "of one", [two, three]);
  await deliver(three, "of three", [one, two]);
  await one.drained();
  expect(one.heard).toEqual(["of three"]);
  expect(two.heard).toEqual(["of one", "of three"]);
});

test("§5.2 §5.3 a thousand tokens of each of two streams arrive complete and in order, on every gateway", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const senders = [
    await join(minted, { as: ann, name: "s0", at: HERE }),
    await join(minted, { as: ann, name: "s1", at: THERE }),
  ];
  const readers = [
    await join(minted, { as: bob, name: "here", at: HERE }),
    await join(minted, { as: bob, name: "there", at: THERE }),
  ];
  for (let n = 0; n < 1_000; n += 1) {
    for (const [index, sender] of senders.entries()) sender.say(`${index}/${n}`);
  }
  const expected = Array.from({ length: 1_000 }, (_, n) => n);
  for (const reader of readers) {
    for (const [index] of senders.entries()) {
      await reader.see("all tokens", () => reader.heard.includes(`${index}/999`));
      const own = reader.heard.filter((data) => data.startsWith(`${index}/`));
      expect(own.map((data) => Number(data.slice(2)))).toEqual(expected);
    }
  }
});

test("§5.2 a bus that splits batches keeps order for large and small tokens together", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const sender = await join(minted, { as: ann, name: "sender", at: HERE });
  const reader = await join(minted, { as: bob, name: "reader", at: THERE });
  const sizes = [1, 60_000, 2, 65_536, 3, 40_000, 40_000, 4, 65_536];
  for (const size of sizes) sender.say("x".repeat(size));
  await reader.see("all tokens", () => reader.heard.length === sizes.length);
  expect(reader.heard.map((data) => data.length)).toEqual(sizes);
});

test("§5.4 nothing is acknowledged unless receipts were asked for", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const sender = await join(minted, { as: ann, name: "sender" });
  const reader = await join(minted, { as: bob, name: "reader", at: THERE });
  await deliver(sender, "a", [reader]);
  await deliver(reader, "b", [sender]);
  await sender.drained();
  const types = sender.frames.map(({ type }) => type);
  expect(types).toEqual(["joined", "stream_joined", "token", "pong"]);
});

test("§5.5 no frame of a stream comes before it is announced: a token sent at once upon joined", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const readers = [
    await join(minted, { as: bob, name: "here", at: HERE }),
    await join(minted, { as: bob, name: "there", at: THERE }),
  ];
  for (let round = 0; round < 10; round += 1) {
    const sender = await join(minted, { as: ann, name: `s${round}`, at: round });
    await deliver(sender, `at once ${round}`, readers);
    sender.leave();
    for (const reader of readers) {
      await reader.next("stream_left", ({ stream_id }) => stream_id === sender.id);
    }
  }
  for (const reader of readers) {
    const types = reader.frames.filter((f) =>
      /^s\d$/.test("stream_name" in f ? f.stream_name : ""),
    );
    const round = ["stream_joined", "token", "stream_left"];
    expect(types.map(({ type }) => type)).toEqual(Array.from({ length: 10 }, () => round).flat());
  }
});

test("§5.10 a selection hears tokens and metadata of its streams only, and who comes and goes of all", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const wanted = await join(minted, { as: ann, name: "wanted", at: HERE });
  const other = await join(minted, { as: ann, name: "other", at: HERE });
  for (const at of [HERE, THERE]) {
    const headers = { "x-ams-subscribe-streams": wanted.id };
    const choosy = await join(minted, { as: bob, name: `choosy-${at}`, headers, at });
    const all = await join(minted, { as: bob, name: `all-${at}`, at });
    expect(choosy.joined.subscribed_streams).toEqual([wanted.id]);
    await choosy.next("stream_joined");
    expect(choosy.peers, "the whole roster").toEqual(new Set([wanted.id, other.id, all.id]));
    await deliver(other, "unheard", [all, wanted]);
    other.send({ type: "set_metadata", metadata: { at } });
    await wanted.next("stream_metadata");
    wanted.send({ type: "set_metadata", metadata: { at } });
    await deliver(wanted, "heard", [choosy, all, other]);
    await deliver(choosy, "of choosy", [wanted, all]);
    all.leave();
    await choosy.next("stream_left", ({ stream_id }) => stream_id === all.id);
    expect(choosy.heard).toEqual(["heard"]);
    const metadata = choosy.frames.filter((f) => f.type === "stream_metadata");
    expect(metadata.map(({ stream_id }) => stream_id)).toEqual([wanted.id]);
    choosy.leave();
    await wanted.next("stream_left", ({ stream_id }) => stream_id === choosy.id);
  }
});

test("§5.10 a listed stream that isn't there yet counts from when it joins", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann, { stream_name: "later" });
  const other = await join(minted, { as: bob, name: "other" });
  const headers = { "x-ams-subscribe-streams": minted.stream_id };
  for (const at of [HERE, THERE]) {
    const choosy = await join(minted, { as: bob, name: `choosy-${at}`, headers, at });
    const later = await join(minted, { as: ann, name: "later", at: HERE });
    await deliver(other, "unheard", [later]);
    await deliver(later, "heard", [choosy, other]);
    expect(choosy.heard).toEqual(["heard"]);
    later.leave();
    await other.next("stream_left", ({ stream_id }) => stream_id === later.id);
  }
});

test("§5.10 with self-subscribe one's own stream counts as listed", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const wanted = await join(minted, { as: bob, name: "wanted", at: THERE });
  const other = await join(minted, { as: bob, name: "other", at: THERE });
  const headers = { ...SELF, "x-ams-subscribe-streams": wanted.id };
  const choosy = await join(minted, { as: ann, name: "choosy", headers });
  await deliver(choosy, "mine", [choosy, wanted, other]);
  await deliver(other, "unheard", [wanted]);
  await deliver(wanted, "heard", [choosy]);
  expect(choosy.heard).toEqual(["mine", "heard"]);
});

test("§8.3 nothing crosses from one conversation to another", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const [one, two] = await Promise.all([mint(ann), mint(ann)]);
  const inOne = await join(one, { as: ann, name: "same" });
  const inTwo = await join(two, { as: ann, name: "same", at: THERE });
  const readers = [await join(one, { as: bob, at: THERE }), await join(two, { as: bob })];
  inOne.say("one");
  inTwo.say("two");
  await readers[0]?.token("one");
  await readers[1]?.token("two");
  readers[0]?.say("fence one");
  readers[1]?.say("fence two");
  await inOne.token("fence one");
  await inTwo.token("fence two");
  expect([inOne.heard, inTwo.heard]).toEqual([["fence one"], ["fence two"]]);
  expect(readers.map(({ heard }) => heard)).toEqual([["one"], ["two"]]);
});
