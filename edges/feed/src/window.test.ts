/** The window of a conversation, and frames as it takes them. */
import { expect, test } from "vitest";
import { readFrame } from "./entry.ts";
import { type Entry, Window, withHolesFirst } from "./window.ts";

const entryAt = (n: number, size = 10): Entry => ({
  cursor: `c${String(n).padStart(4, "0")}`,
  json: "x".repeat(size),
  gaps: [],
  streamName: "a",
  epoch: 1,
  n,
  data: "x",
  isEnd: false,
});

test("frames are found by the cursor before them, within limits, one at least", () => {
  const window = new Window("c0000", 1_048_576);
  for (let n = 1; n <= 9; n += 1) window.push(entryAt(n));
  const cursors = (entries: readonly Entry[]) => entries.map(({ cursor }) => cursor);
  expect(cursors(window.after("c0006", 9, 1_000))).toEqual(["c0007", "c0008", "c0009"]);
  expect(cursors(window.after("c0000", 2, 1_000))).toEqual(["c0001", "c0002"]);
  expect(cursors(window.after("c0000", 9, 1))).toEqual(["c0001"]);
  expect([window.hasAfter("c0008"), window.hasAfter("c0009")]).toEqual([true, false]);
});

test("a window stays within its bytes, and its start says what is no longer there", () => {
  const window = new Window("c0000", 10_000);
  for (let n = 1; n <= 50; n += 1) window.push(entryAt(n, 500));
  expect(window.entries.length).toBeLessThan(12);
  expect(window.entries[0]?.cursor).toBe(`c${String(51 - window.entries.length).padStart(4, "0")}`);
  expect(window.start).toBe(`c${String(50 - window.entries.length).padStart(4, "0")}`);
});

test("whoever waits is woken by a frame, and by the end of its request", async () => {
  const window = new Window("c0000", 10_000);
  const asking = new AbortController();
  const woken = window.next(60_000, asking.signal);
  window.push(entryAt(1));
  await woken;
  const ended = window.next(60_000, asking.signal);
  asking.abort();
  await ended;
});

test("a frame has the same text whether it was replayed or live", () => {
  const frame = '{"type":"token","stream_name":"a","seq":"3-1","data":",\\"replay\\":true"';
  const live = readFrame(`${frame},"cursor":"c1"}`, []);
  const kept = readFrame(`${frame},"replay":true,"cursor":"c1"}`, []);
  expect(kept).toEqual(live);
  expect(live).toMatchObject({ kind: "entry", entry: { epoch: 3, data: ',"replay":true' } });
  expect(readFrame('{"type":"stream_left","stream_name":"a"}', [])).toBeNull();
});

test("it is known that an epoch ended, also when the window no longer has its end", () => {
  const window = new Window("c0000", 10_000);
  window.push({ ...entryAt(1), epoch: 1 });
  expect(window.hasEnded("a", 1)).toBe(false);
  window.push({ ...entryAt(2), epoch: 1, n: 0, data: null, isEnd: true });
  window.push({ ...entryAt(3), epoch: 2 });
  for (let n = 4; n <= 50; n += 1) window.push({ ...entryAt(n, 500), streamName: "b" });
  expect(window.entries.some(({ streamName }) => streamName === "a")).toBe(false);
  expect([window.hasEnded("a", 1), window.hasEnded("a", 2)]).toEqual([true, false]);
  expect([window.origin, window.start > window.origin]).toEqual(["c0000", true]);
});

test("what is missing before the first frame of a stream is a hole before all of them", () => {
  const early = '{"type":"x_gap","stream_id":"b","after":null,"before":"2-9"}';
  const later = '{"type":"x_gap","stream_id":"a","after":"1-3","before":"1-9"}';
  const entries = [entryAt(1), { ...entryAt(2), gaps: [later, early] }, entryAt(3)];
  expect(withHolesFirst(entries).map(({ gaps }) => gaps)).toEqual([[early], [later], []]);
  expect(withHolesFirst(entries, "hole").map(({ gaps }) => gaps[0])).toEqual([
    "hole",
    later,
    undefined,
  ]);
  const window = new Window("c0000", 10_000);
  window.begin("hole");
  window.push(entryAt(1));
  window.push(entryAt(2));
  expect(window.entries.map(({ gaps }) => gaps)).toEqual([["hole"], []]);
});
