import { expect, test } from "vitest";
import { FrameFilter, FrameLog, legible } from "./frame-log.ts";

test.each([
  ['{"type":"joined","stream_name":"a"}', "in", "join", "joined a"],
  ['{"type":"stream_joined","stream_name":"b"}', "in", "join", "stream_joined b"],
  ['{"type":"stream_left","stream_name":"b"}', "in", "left", "stream_left b"],
  ['{"type":"token","stream_name":"b","data":"x"}', "in", "token", "token b"],
  ['{"type":"token","data":"x"}', "out", "self", "token sent"],
  ['{"type":"pong"}', "in", "sys", "pong"],
  ['{"type":"x_new"}', "in", "sys", "x_new"],
  ["not json", "in", "sys", "frame"],
  ["null", "in", "sys", "frame"],
  ['{"type":7,"stream_name":{}}', "in", "sys", "frame"],
] as const)("%s (%s) is of kind %s", (text, direction, kind, head) => {
  const log = new FrameLog();
  log.push(text, direction, 1);
  expect(log.all[0]).toEqual({ key: 0, kind, head, atMs: 1, text });
});

test("a frame's text is kept as it came", () => {
  const log = new FrameLog();
  const text = '{ "type" : "token" , "data":"\\ud800" }';
  log.push(text, "in", 1);
  expect(log.all[0]?.text).toBe(text);
});

test("the log is bounded, and a single frame larger than all of it is still shown", () => {
  const log = new FrameLog({ itemsMax: 80, charactersMax: 100_000 });
  for (let index = 0; index < 1_000; index += 1) log.push(`{"type":"x_${index}"}`, "in", index);
  expect(log.all.length).toBeLessThanOrEqual(80);
  expect(log.all.at(-1)?.head).toBe("x_999");
  log.push("x".repeat(200_000), "in", 0);
  expect(log.all.length).toBe(1);
});

test("a filter finds in what is new, and forgets what the log forgot", () => {
  const log = new FrameLog({ itemsMax: 8, charactersMax: 1_000_000 });
  const filter = new FrameFilter();
  const heads = (words: string) => filter.apply(log.all, words).map(({ head }) => head);
  log.push('{"type":"token","stream_name":"Ada"}', "in", 1);
  log.push('{"type":"token","stream_name":"bob"}', "in", 1);
  expect(heads(" ADA ")).toEqual(["token Ada"]);
  log.push('{"type":"stream_left","stream_name":"Ada"}', "in", 1);
  expect(heads("ada")).toEqual(["token Ada", "stream_left Ada"]);
  for (let index = 0; index < 8; index += 1) log.push('{"type":"pong"}', "in", 1);
  expect(heads("ada")).toEqual([]);
  expect(heads("bob")).toEqual([]);
  expect(heads("")).toHaveLength(log.all.length);
});

test("what would turn a frame's text around is shown as JSON escapes it, and means the same", () => {
  const frame = JSON.stringify({ type: "token", data: "\u202egnirts\u2069 \u05d0\u200f é" });
  const shown = legible(frame);
  expect(shown).not.toMatch(/\p{Bidi_Control}/u);
  expect(shown).toContain("\\u202egnirts\\u2069");
  expect(JSON.parse(shown)).toEqual(JSON.parse(frame));
});
