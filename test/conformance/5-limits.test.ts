/**
 * §3.3.9, §4.4.3, §5.7: places, rates, and readers that are too slow. The counts are the
 * deployment's own.
 */
import { expect, test } from "vitest";
import { account, createAccount, HERE, mint, offer, THERE, until } from "./driver.ts";
import { dial, expectRefusal, join, type Subscriber, type Wishes } from "./subscriber.ts";

/** More places than this are not filled up: then it is shown that so many are given. */
const FILLED_MAX = 250;

const ACCOUNT_FULL = "account_concurrency_limit";
const CONVERSATION_FULL = "conversation_subscriber_limit";

test("§3.3.9 an account holds so many streams and no more, in all conversations and on all gateways together", async () => {
  const { streams_per_account: limit } = (await offer()).limits;
  const [owner, other] = await Promise.all([createAccount(), createAccount()]);
  const conversations = [await mint(owner), await mint(other)];
  const at = (n: number) => conversations[n % 2] ?? expect.fail();
  const count = Math.min(limit, 40);
  const held: Subscriber[] = [];
  for (let n = 0; n < count; n += 1) {
    held.push(await join(at(n), { as: owner, name: `s${n}`, at: n }));
  }
  if (count < limit) return;
  await expectRefusal(dial(at(0), { as: owner, name: "more" }), 4003, ACCOUNT_FULL);
  await expectRefusal(dial(at(1), { as: owner, name: "more", at: THERE }), 4003, ACCOUNT_FULL);
  const holder = await join(at(0), { as: other, name: "taken" });
  const conflict = dial(at(0), { as: owner, name: "taken" });
  await expectRefusal(conflict, 4004, "stream_name_conflict"); // §3.3.8 is reported before §3.3.9.
  // §3.3.12: needs no new place.
  const heir = await join(at(0), { as: owner, name: "s0", at: THERE });
  expect(heir.joined.resumed).toBe(true);
  heir.leave();
  await holder.next("stream_left", ({ stream_id }) => stream_id === heir.id);
  await joinsInTime(() => dial(at(1), { as: owner, name: "more", at: THERE }));
});

test("§3.3.9 of many connects at once exactly as many get in as there are places", async () => {
  const { streams_per_account: limit } = (await offer()).limits;
  const owner = await createAccount();
  const minted = await mint(owner);
  const count = Math.min(limit, 40);
  const attempts = Array.from({ length: count + 5 }, (_, n) =>
    dial(minted, { as: owner, name: `s${n}`, at: n }),
  );
  const joined = await Promise.all(attempts.map((attempt) => attempt.settled()));
  const expected = Math.min(limit, count + 5);
  expect(joined.filter((is) => is)).toHaveLength(expected);
  for (const refused of attempts.filter((_, index) => !joined[index])) {
    expect(await refused.ended()).toEqual({ code: 4003, reason: ACCOUNT_FULL });
  }
});

test("§3.3.9 a conversation holds so many subscribers and no more, guests too, on all gateways together", async () => {
  const { limits, features } = await offer();
  const owner = await createAccount();
  const minted = await mint(owner);
  const count = Math.min(limits.subscribers_per_conversation, FILLED_MAX);
  const wishes = await manyWishes(
    count + 1,
    features.includes("guests"),
    limits.streams_per_account,
  );
  const held: Subscriber[] = [];
  for (const [index, wish] of wishes.slice(0, count).entries()) {
    held.push(await join(minted, { ...wish, at: index }));
  }
  const last = wishes.at(-1) ?? {};
  if (count < limits.subscribers_per_conversation) {
    await join(minted, last);
    return;
  }
  await expectRefusal(dial(minted, last), 4003, CONVERSATION_FULL);
  await expectRefusal(dial(minted, { ...last, at: THERE }), 4003, CONVERSATION_FULL);
  const heir = await join(minted, { ...wishes[0], at: THERE });
  expect(heir.joined.resumed, "§3.3.12 a takeover needs no new place").toBe(true);
  const witness = held[1] ?? expect.fail();
  expect(witness.invariants.roster.size).toBe(count);
  heir.leave();
  await witness.next("stream_left", ({ stream_id }) => stream_id === heir.id);
  await joinsInTime(() => dial(minted, { ...last, at: THERE }));
});

test("§4.4.3 a client that sends far too fast is closed 4290 rate_limited or served, and others are served on", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const flood = await join(minted, { as: ann, name: "flood" });
  const other = await join(minted, { as: bob, name: "other" });
  for (let n = 0; n < 60_000; n += 1) flood.send('{"type":"x_flood"}');
  other.say("still served");
  const open = await flood.token("still served").then(
    () => true,
    () => false, // It was closed before; how, is looked at next.
  );
  if (!open) expect(await flood.ended()).toEqual({ code: 4290, reason: "rate_limited" });
  await other.drained();
});

test("§5.7 a reader that doesn't read is closed 4290 once it reads again, and slows nobody", async () => {
  const { sender, slow, healthy } = await withSlowReader();
  slow.socket.pause();
  const count = await flood(sender, healthy);
  expect(healthy.heard).toHaveLength(count);
  slow.socket.resume();
  expect(await slow.ended()).toEqual({ code: 4290, reason: "subscriber_backpressure" });
  await healthy.next("stream_left", ({ stream_id }) => stream_id === slow.id);
  sender.say("after");
  await healthy.token("after");
});

test("§5.7 a reader that reads nothing for 10 s more is cut", async () => {
  const { sender, slow, healthy } = await withSlowReader();
  slow.socket.pause();
  await flood(sender, healthy);
  await healthy.see("the slow reader has left", () => !healthy.peers.has(slow.id));
  const attempt = () => {
    slow.socket.ping(() => undefined); // A client that doesn't read learns of a cut by writing.
    return Promise.resolve(slow.endedByBroker);
  };
  const end = await until(attempt, (closed) => closed !== null, 20_000);
  expect(end).toMatchObject({ code: 1006 });
});

async function withSlowReader() {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const sender = await join(minted, { as: ann, name: "sender", at: HERE });
  const slow = await join(minted, { as: bob, name: "slow", at: THERE });
  const healthy = await join(minted, { as: bob, name: "healthy", at: THERE });
  await sender.see("both readers", () => sender.peers.size === 2);
  return { sender, slow, healthy };
}

/**
 * Emits 30 MB, more than any socket buffers, never more than half a megabyte ahead of the healthy
 * reader.
 */
async function flood(sender: Subscriber, healthy: Subscriber): Promise<number> {
  const data = "x".repeat(62_000);
  const count = 480;
  for (let sent = 0; sent < count; sent += 8) {
    for (let n = 0; n < 8; n += 1) sender.say(data);
    await healthy.see("the tokens of a flood", () => healthy.frames.length >= sent + 8);
    await healthy.see("every token of the flood", () => tokens(healthy) === sent + 8);
  }
  return count;
}

function tokens(reader: Subscriber): number {
  return reader.frames.filter(({ type }) => type === "token").length;
}

/**
 * Names for so many subscribers: guests where they are offered, else accounts that share the names.
 */
async function manyWishes(count: number, guests: boolean, perAccount: number): Promise<Wishes[]> {
  if (guests) {
    const protocols = ["ams.v1", "ams.guest"];
    return Array.from({ length: count }, (_, n) => ({ protocols, name: `guest-${n}` }));
  }
  const wishes: Wishes[] = [];
  while (wishes.length < count) {
    const as = await createAccount();
    for (let n = 0; n < perAccount && wishes.length < count; n += 1) {
      wishes.push({ as, name: `s${wishes.length}` });
    }
  }
  return wishes;
}

/** A place that was given back may take a moment to be free; then the connect must succeed. */
async function joinsInTime(attempt: () => Subscriber): Promise<void> {
  await until(
    () => attempt().settled(),
    (joined) => joined,
  );
}
