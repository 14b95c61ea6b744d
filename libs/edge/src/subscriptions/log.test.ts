// What a conversation keeps: how a subscription goes on in another process, and after it was away.
import { END_OF_TURN_DATA } from "@ams/client";
import { expect, test } from "vitest";
import { createSeal } from "../checks/seal.ts";
import { brief, desk, must, settle } from "../testing/desk.ts";
import { GUEST, PEER } from "../testing/fake-wire.ts";

const X = { link: "link-of-x" };
const SEAL = createSeal("a secret that two processes share".padEnd(40, "."));

/** A process that has read some of what a peer said, and what its caller has then. */
async function earlier() {
  const { wire, open } = desk({}, SEAL);
  wire.log = "L0";
  const session = open("s1");
  const { handle } = must(await session.join(X));
  wire.call.sayAll(["a", "b"]);
  wire.call.emit({ type: "cursor", cursor: "L2" });
  wire.call.sayAll(["c", "d"]);
  await settle();
  const read = must(await session.recv({ maxEvents: 3 }));
  expect(brief(read.events)).toEqual(["a", "b", "c"]);
  return { handle, cursor: read.nextCursor };
}

test("a cursor goes on in another process, where nothing is lost and nothing comes twice", async () => {
  const { handle, cursor } = await earlier();
  const { wire, open } = desk({}, SEAL);
  wire.log = "L9";
  wire.resumed = true;
  const session = open("s2");
  const reading = session.recv({ ...X, handle, cursor, waitMs: 5_000 });
  await settle();
  expect(wire.call.options).toMatchObject({ since: "L2" });
  wire.call.replay(3, "c");
  wire.call.replay(4, "d");
  wire.call.replay(5, "e");
  wire.call.live("L5");
  const first = must(await reading);
  const rest = must(await session.recv({ handle, ...X }));
  expect(brief([...first.events, ...rest.events])).toEqual(["d", "e"]);
  expect(first).toMatchObject({ truncated: false, dropped: 0 });
  const again = must(await session.recv({ ...X, handle, cursor }));
  expect(brief(again.events)).toEqual(["d", "e"]);
});

test("`since` of a join does too, and what is no longer kept is reported as a loss", async () => {
  const { handle, cursor } = await earlier();
  const { wire, open } = desk({}, SEAL);
  wire.log = "L9";
  const session = open("s2");
  const joined = must(await session.join({ ...X, handle, since: cursor }));
  expect(joined.truncated).toBe(false);
  wire.call.replay(9, "much later");
  wire.call.live("L9", false);
  await settle();
  const read = must(await session.recv({}));
  expect(brief(read.events)).toEqual(["much later", "gap away"]);
  expect(read.truncated).toBe(true);
});

test("where nothing is kept any more it joins without, and says that something may be lost", async () => {
  const { handle, cursor } = await earlier();
  const { wire, open } = desk({}, SEAL);
  wire.epoch = 2;
  const read = must(await open("s2").recv({ ...X, handle, cursor }));
  expect(read.truncated).toBe(true);
  expect(wire.call.options).not.toHaveProperty("since");
});

test("a subscription that was away comes back to what was said meanwhile, then who left", async () => {
  const { wire, open } = desk();
  wire.log = "L0";
  const session = open("s1");
  must(await session.join({ ...X, streamName: "me" }));
  wire.call.say("before");
  wire.call.emit({ type: "cursor", cursor: "L1" });
  await settle();
  must(await session.recv({}));
  session.end({ leaveWire: true });
  await settle();
  wire.peers = [];
  const back = open("s2");
  must(await back.join({ ...X, streamName: "me" }));
  expect(wire.call.options).toMatchObject({ since: "L1" });
  wire.call.replay(1, "before");
  wire.call.replay(2, "meanwhile");
  wire.call.live("L2");
  await settle();
  const read = must(await back.recv({}));
  expect(brief(read.events)).toEqual(["meanwhile", "stream_left"]);
  expect(read.truncated).toBe(false);
});

test("lastN of a new subscription is that many messages of what is kept, read before it is joined", async () => {
  const { wire, open } = desk();
  wire.log = "L9";
  const session = open("s1");
  const joining = session.join({ ...X, lastN: 2 });
  await settle();
  const end = END_OF_TURN_DATA;
  const turns = ["old", end, "one ", "more", end, "two", end];
  for (const [n, data] of turns.entries()) wire.call.replay(n + 1, data);
  wire.call.live("L9");
  const joined = must(await joining);
  expect(joined.truncated).toBe(false);
  const read = must(await session.recv({ cursor: joined.cursor }));
  expect(brief(read.events)).toEqual(turns.slice(2));
  must(await session.join({ lastN: 1 }));
  expect(brief(must(await session.recv({})).events)).toEqual(turns.slice(5));
});

test("lastN where nothing is kept joins all the same", async () => {
  const { wire, open } = desk();
  must(await open("s1").join({ ...X, lastN: 20 }));
  expect(wire.call.options).not.toHaveProperty("last");
});

test("a guest whose session ended comes back by its handle at once, to what it had not read", async () => {
  const { wire, open } = desk();
  wire.log = "L0";
  const session = open("s1", { who: GUEST });
  const { handle, streamName } = must(await session.join(X));
  wire.call.say("read");
  wire.call.emit({ type: "cursor", cursor: "L1" });
  await settle();
  must(await session.recv({}));
  session.end({ leaveWire: true });
  wire.streams = [{ ...PEER, streamName }]; // As a link that was just checked still shows it.
  const back = open("s2", { who: GUEST });
  const reading = back.recv({ ...X, handle, waitMs: 5_000 });
  await settle();
  expect(wire.call.options).toMatchObject({ since: "L1", streamName });
  wire.call.replay(1, "read");
  wire.call.replay(2, "meanwhile");
  wire.call.live("L2");
  const read = must(await reading);
  expect(brief(read.events)).toEqual(["meanwhile"]);
  expect(read.truncated).toBe(false);
});
