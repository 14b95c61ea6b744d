/** §7.3.3 to §7.4: ways of catching up, what is gone, and the change from kept to live. */
import { expect, test } from "vitest";
import { account, http, mint, THERE, until } from "./driver.ts";
import { dataOf, emitter, keep, minted, REPLAY, type Replayed, replayed } from "./kept.ts";
import type { Subscriber } from "./subscriber.ts";

/** Milliseconds in which a log is trimmed, also on a busy machine. */
const PATIENCE_MS = 10_000;
/** Milliseconds between two readers: that one left is kept, and many would fill a small log. */
const BETWEEN_MS = 500;

test("§7.3.4 assembled: what was said in few frames, metadata at its place", async () => {
  const link = await minted();
  const from = await emitter(link);
  await keep(from, ["a", '"', "ü"]);
  from.send({ type: "set_metadata", metadata: { at: 4 } });
  await keep(from, ["b", "c"]);
  const { reader } = await replayed(link, { last_n: "100", catch_up: "assembled" });
  const frames = reader.frames.slice(1);
  expect(frames.map(({ type }) => type)).toEqual([
    "x_assembled",
    "stream_metadata",
    "x_assembled",
    "x_live",
  ]);
  const [first, , second] = frames;
  const epoch = from.joined.epoch;
  expect(first).toMatchObject({
    stream_id: from.id,
    stream_name: "emitter",
    from: `${epoch}-1`,
    to: `${epoch}-3`,
    data: ["a", '"', "ü"],
  });
  expect(second).toMatchObject({ from: `${epoch}-5`, to: `${epoch}-6`, data: ["b", "c"] });
});

test("§7.3.4 assembled frames stay under 1 MiB, whatever there is", async () => {
  const link = await minted({ ttl_s: 600, max_bytes: 33_554_432 });
  const from = await emitter(link);
  const large = Array.from({ length: 40 }, (_, index) => `${index}\u0001`.padEnd(60_000, "\u0001"));
  await keep(from, large);
  const { reader } = await replayed(link, { last_n: "100", catch_up: "assembled" });
  const data = reader.frames.flatMap((frame) => (frame.type === "x_assembled" ? frame.data : []));
  expect(data).toEqual(large);
  for (const text of reader.texts) expect(Buffer.byteLength(text)).toBeLessThan(1_048_576);
});

test("§7.3.6 own kept frames stay away unless asked for, and a selection holds", async () => {
  const link = await minted();
  const ann = await account("ann");
  const one = await emitter(link, { as: ann, name: "one" });
  const two = await emitter(link, { as: ann, name: "two", at: THERE });
  await keep(one, ["of one"]);
  await keep(two, ["of two"]);
  one.leave();
  await one.closed;
  const again = await replayed(link, { last_n: "9" }, { as: ann, name: "one" });
  expect(dataOf(again.kept)).toEqual(["of two"]);
  again.reader.leave();
  await again.reader.closed;
  const self = { last_n: "9", self_subscribe: "true" };
  const both = await replayed(link, self, { as: ann, name: "one" });
  expect(dataOf(both.kept)).toEqual(["of one", "of two"]);
  const selection = { last_n: "9", subscribe_streams: two.id };
  const selected = await replayed(link, selection, { name: "selective" });
  expect(dataOf(selected.kept)).toEqual(["of two"]);
  await keep(two, ["more of two"]);
  await selected.reader.token("more of two");
});

test("§7.2.1 that a stream left is kept, and says nothing of who is here", async () => {
  const link = await minted();
  const from = await emitter(link);
  await keep(from, ["one"]);
  from.leave();
  await from.closed;
  const again = await emitter(link, { at: THERE });
  await keep(again, ["two"]);
  const { reader } = await replayed(link, { since: "10m" });
  const frames = reader.frames.slice(1).filter(({ type }) => type !== "x_live");
  expect(frames).toMatchObject([
    { type: "token", data: "one", replay: true },
    { type: "stream_left", stream_id: from.id, replay: true },
    { type: "token", data: "two", replay: true },
  ]);
  expect([...reader.peers]).toEqual([again.id]);
});

test("§7.4 a place older than what is kept is shown, and by which streams", async () => {
  const link = await minted({ ttl_s: 600, max_bytes: 8_192 });
  const from = await emitter(link);
  const { cursor } = from.joined;
  for (let index = 0; index < 12; index += 1) {
    await keep(from, [`${index} `.padEnd(2_000, "x")]);
  }
  const attempt = () => leaving(replayed(link, { since: cursor ?? "" }));
  // Trimmed within a second of the last frame (§7.1.1).
  const { reader, kept } = await until(attempt, isTrimmed, PATIENCE_MS, BETWEEN_MS);
  // At most three of them fit; that readers left is kept beside them (§7.2.1).
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThan(4);
  expect(dataOf(kept).at(-1)).toMatch(/^11 /);
  const [gap, first] = reader.frames.slice(1);
  expect(gap).toEqual({
    type: "x_gap",
    stream_id: from.id,
    after: null,
    before: kept[0]?.seq,
    reason: "not_kept",
  });
  expect(first).toEqual(kept[0]);
});

test("§7.4 a stream of which nothing is kept is shown too", async () => {
  const link = await minted({ ttl_s: 600, max_bytes: 4_096 });
  const quiet = await emitter(link, { name: "quiet" });
  const loud = await emitter(link, { name: "loud", at: THERE });
  const { cursor } = quiet.joined;
  await keep(quiet, ["one"]);
  for (let index = 0; index < 8; index += 1) await keep(loud, ["x".repeat(2_000)]);
  const attempt = () => leaving(replayed(link, { since: cursor ?? "" }));
  const { reader } = await until(attempt, isTrimmed, PATIENCE_MS, BETWEEN_MS);
  const gaps = reader.frames.filter((frame) => frame.type === "x_gap");
  expect(gaps).toContainEqual({
    type: "x_gap",
    stream_id: quiet.id,
    after: null,
    before: null,
    reason: "not_kept",
  });
});

test("§7.3.5 from the log for good: each frame with the cursor behind it", async () => {
  const link = await minted();
  const from = await emitter(link);
  await keep(from, ["one", "two"]);
  const { reader, kept } = await replayed(link, { since: "10m", catch_up: "log" });
  expect(dataOf(kept)).toEqual(["one", "two"]);
  await keep(from, ["three"]);
  const three = await reader.token("three");
  expect(three.replay).toBeUndefined();
  const cursors = [...kept, three].map(({ cursor }) => cursor ?? "");
  expect([...new Set(cursors)].sort()).toEqual(cursors);
  const behind = await replayed(link, { since: cursors[0] ?? "" });
  expect(dataOf(behind.kept)).toEqual(["two", "three"]);
});

test("§7.1.3 deleting the conversation deletes what it kept", async () => {
  const ann = await account("ann");
  const alias = `kept-${Date.now()}`;
  const link = await mint(ann, { alias, replay: REPLAY });
  const from = await emitter(link);
  await keep(from, ["one"]);
  await http("DELETE", link.path, { bearer: ann.credential });
  await from.ended();
  const again = await mint(ann, { alias, replay: REPLAY });
  expect((await replayed(again, { since: "7d" })).kept).toEqual([]);
});

test("§7.3 nothing is missed and nothing doubled between kept and live, at full rate", async () => {
  const link = await minted({ ttl_s: 600, max_bytes: 67_108_864 });
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const emitters = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      emitter(link, { as: ann, name: `emitter-${index}`, at: index }),
    ),
  );
  const total = 500;
  const done = emitters.map(async (from) => {
    for (let index = 0; index < total; index += 50) {
      await keep(
        from,
        Array.from({ length: 50 }, (_, at) => `${index + at}`),
      );
    }
  });
  const queries = [{ since: "10m" }, { last_n: "500" }, { since: "1h", catch_up: "assembled" }];
  const readers: Subscriber[] = [];
  for (let index = 0; index < 9; index += 1) {
    const query = queries[index % queries.length] ?? {};
    readers.push((await replayed(link, query, { as: bob, name: `r${index}`, at: index })).reader);
  }
  await Promise.all(done);
  // Whoever came so late that all of a stream was live before hears at least this.
  for (const from of emitters) from.say(`${total}`);
  for (const reader of readers) {
    for (const from of emitters) {
      const heard = () => numbersOf(reader, from.id);
      await reader.see("the last token", () => heard().at(-1) === total, 60_000);
      const numbers = heard();
      const first = numbers[0] ?? 0;
      expect(numbers).toEqual(Array.from({ length: total + 1 - first }, (_, at) => first + at));
    }
  }
}, 120_000);

function isTrimmed({ live }: Replayed): boolean {
  return !live.complete;
}

/** The same, once its reader has left: an account has few streams, and this is tried again. */
async function leaving(attempt: Promise<Replayed>): Promise<Replayed> {
  const all = await attempt;
  all.reader.leave();
  await all.reader.closed;
  return all;
}

function numbersOf(reader: Subscriber, stream: string): readonly number[] {
  return reader.frames.flatMap((frame) => {
    if (frame.type === "token" && frame.stream_id === stream) return [Number(frame.data)];
    if (frame.type === "x_assembled" && frame.stream_id === stream) return frame.data.map(Number);
    return [];
  });
}
