/** §7.1 to §7.3: what a conversation keeps, and how a reader receives it. */
import { expect, test } from "vitest";
import { account, expectProblem, HERE, inspect, mint, offer, THERE, tryMint } from "./driver.ts";
import { dataOf, emitter, keep, minted, REPLAY, replayed } from "./kept.ts";
import { dial, expectRefusal, join, type Wishes } from "./subscriber.ts";

test("§7.1 replay is declared at mint, within the limits of the deployment, and shown", async () => {
  const { features, limits } = await offer();
  expect(features).toContain("replay");
  const ann = await account("ann");
  const { replay_ttl_s: ttl = 0, replay_bytes: bytes = 0 } = limits;
  const largest = { ttl_s: ttl, max_bytes: bytes };
  expect((await mint(ann, { replay: largest })).replay).toEqual(largest);
  const link = await minted();
  expect((await inspect(link)).replay).toEqual(REPLAY);
  for (const replay of [
    true,
    {},
    { ttl_s: 0, max_bytes: 1_024 },
    { ttl_s: ttl + 1, max_bytes: 1_024 },
    { ttl_s: 60, max_bytes: 1_023 },
    { ttl_s: 60, max_bytes: bytes + 1 },
    { ttl_s: "60", max_bytes: 1_024 },
  ]) {
    expectProblem(await tryMint(ann, { replay }), 400, "invalid_replay");
  }
  expect((await mint(ann, { replay: false })).replay).toBeNull();
});

test("§7.2.2 joined says what is kept and the reader's place; without a log it says neither", async () => {
  const link = await minted();
  const reader = await emitter(link);
  expect(reader.joined.replay).toEqual(REPLAY);
  expect(reader.joined.cursor).toMatch(/^[0-9A-Za-z_-]{1,64}$/);
  const plain = await emitter(await mint(await account("ann")));
  expect([plain.joined.replay, plain.joined.cursor]).toEqual([undefined, undefined]);
});

test.for([HERE, THERE])(
  "§7.3 kept frames come first, then x_live, then live ones (%i)",
  async (at) => {
    const link = await minted();
    const from = await emitter(link);
    const { cursor } = from.joined;
    await keep(from, ["one", "two", "three"]);
    const { reader, live, kept } = await replayed(link, { since: cursor ?? "" }, { at });
    expect(dataOf(kept)).toEqual(["one", "two", "three"]);
    expect(live.complete).toBe(true);
    from.say("four");
    await reader.token("four");
    const types = reader.frames.map(({ type }) => type).filter((type) => type !== "x_cursor");
    expect(types).toEqual(["joined", "token", "token", "token", "x_live", "token"]);
    expect(reader.frames.at(-1)).not.toHaveProperty("replay");
  },
);

test("§7.3 the kept frame is the frame that was delivered, with replay", async () => {
  const link = await minted();
  const from = await emitter(link);
  const witness = await join(link, { as: await account("bob"), name: "witness", at: THERE });
  const said = ['quotes " and \\ and ","data":"x"}', "é 😀 \u2028", "", "line\nbreak"];
  await keep(from, said);
  from.send({ type: "set_metadata", metadata: { a: ',"seq":"9-9","data":"y"', __proto__: 1 } });
  await witness.next("stream_metadata");
  await witness.token("line\nbreak");
  const { kept } = await replayed(link, { last_n: "100" });
  const seen = witness.frames.filter(({ type }) => type === "token" || type === "stream_metadata");
  expect(kept).toEqual(seen.map((frame) => ({ ...frame, replay: true })));
});

test("§7.3.2 last_n gives the last so many frames, or all that there are", async () => {
  const link = await minted();
  const from = await emitter(link);
  await keep(
    from,
    Array.from({ length: 20 }, (_, index) => `t${index}`),
  );
  expect(dataOf((await replayed(link, { last_n: "3" })).kept)).toEqual(["t17", "t18", "t19"]);
  expect(dataOf((await replayed(link, { last_n: "0" })).kept)).toEqual([]);
  const all = await replayed(link, { last_n: "1000000000" });
  expect([all.kept.length, all.live.complete]).toEqual([20, true]);
});

test("§7.3.1 since takes an age; what is older than it stays away", async () => {
  const link = await minted();
  const from = await emitter(link);
  await keep(from, ["one", "two"]);
  const recent = await replayed(link, { since: "10m" });
  expect([dataOf(recent.kept), recent.live.complete]).toEqual([["one", "two"], true]);
});

test("§7.3.1 wrong places and numbers are 4400, and nothing else changes", async () => {
  const [ann, link, other, none] = await Promise.all([
    account("ann"),
    minted(),
    minted(),
    mint(await account("ann")),
  ]);
  const from = await emitter(link);
  const elsewhere = await emitter(other);
  const cursor = from.joined.cursor ?? "";
  const wrong: Wishes["query"][] = [
    { since: "?" },
    { since: "-1" },
    { since: "now" },
    { since: "x".repeat(64) },
    { since: "0".repeat(33) },
    { since: elsewhere.joined.cursor ?? "" },
    { since: cursor.slice(0, -1) },
    { last_n: "-1" },
    { last_n: "1e9" },
    { last_n: "9".repeat(40) },
    { since: cursor, last_n: "1" },
    { since: cursor, catch_up: "whole" },
  ];
  for (const query of wrong) {
    await expectRefusal(dial(link, { as: ann, query: query ?? {} }), 4400, "invalid_cursor");
  }
  for (const query of [{ since: cursor }, { last_n: "1" }, { catch_up: "assembled" }]) {
    await expectRefusal(dial(none, { as: ann, query }), 4400, "no_replay");
  }
  const header = { headers: { "x-ams-since": "?" } };
  await expectRefusal(dial(link, { as: ann, ...header }), 4400, "invalid_cursor");
  await keep(from, ["still here"]);
});

test("§7.3.1 a place that the log has not reached is its end", async () => {
  const link = await minted();
  const from = await emitter(link);
  await keep(from, ["one"]);
  const cursor = from.joined.cursor ?? "";
  const future = cursor.slice(0, 10) + "f".repeat(cursor.length - 10);
  const { reader, live, kept } = await replayed(link, { since: future });
  expect([kept.length, live.complete]).toEqual([0, true]);
  from.say("two");
  await reader.token("two");
  expect(live.cursor < future).toBe(true);
});

test("§7.2.2 x_cursor comes at least every second while frames flow, and goes on from there", async () => {
  const link = await minted();
  const from = await emitter(link);
  const reader = await join(link, { as: await account("bob"), name: "reader", at: THERE });
  const untilMs = Date.now() + 2_500;
  for (let index = 0; Date.now() < untilMs; index += 1) {
    await keep(from, [`t${index}`]);
    await reader.token(`t${index}`);
  }
  await keep(from, ["the end"]);
  await reader.token("the end");
  const cursors = reader.frames.filter((frame) => frame.type === "x_cursor");
  expect(cursors.length).toBeGreaterThanOrEqual(2);
  const texts = cursors.map(({ cursor }) => cursor);
  expect([...texts].sort()).toEqual(texts);
  const last = cursors.at(-1);
  if (last === undefined) throw new Error("no x_cursor came");
  const { kept } = await replayed(link, { since: last.cursor });
  // Everything before a cursor has been received; of what is behind it, some may have been.
  const behind = dataOf(reader.frames.slice(reader.frames.indexOf(last)));
  const all = dataOf(reader.frames);
  expect(all.slice(all.length - kept.length)).toEqual(dataOf(kept));
  expect(kept.length).toBeGreaterThanOrEqual(behind.length);
});
