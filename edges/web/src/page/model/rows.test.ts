import { TURN_PAUSE_MS as PAUSE_MS, type TokenEvent } from "@ams/client";
import { expect, test } from "vitest";
import { PASSAGE_CHARACTERS_MAX, type Passage, Rows } from "./rows.ts";
import { displayNameOf, isSameName, nameOf, speakerOf } from "./speaker.ts";
import { cut, initialOf } from "./text.ts";

const TS = "2026-01-31T12:00:00.000Z";

function token(streamName: string, data: string): TokenEvent {
  const identity = { streamId: `str_${streamName}`, streamName, ownerAccountId: "acc_1" };
  return { type: "token", ...identity, data, ts: TS, seq: "1-1" };
}

/** Rows with a clock that the test moves. */
function start(bounds?: { itemsMax: number; charactersMax: number }) {
  const clock = { ms: 0 };
  const rows = new Rows(() => clock.ms, bounds);
  const hear = (event: Parameters<Rows["receive"]>[0]) => rows.receive(event, () => undefined);
  const texts = () =>
    rows.all.filter((row): row is Passage => row.kind === "passage").map(({ text }) => text);
  return { rows, clock, hear, texts };
}

test("tokens of one stream become one text, also when streams speak at once", () => {
  const { hear, texts } = start();
  for (const word of ["a", "b", "c"]) {
    hear(token("one", word));
    hear(token("two", word.toUpperCase()));
  }
  expect(texts()).toEqual(["abc", "ABC"]);
});

test("an empty token begins no passage", () => {
  const { hear, texts } = start();
  hear(token("one", ""));
  expect(texts()).toEqual([]);
});

test.each(["", "  ", "\u200b\u200d", "\u3164", "\u2800", "\u202e", "\ufe0f"])(
  "a display name that nobody can see is none: %j",
  (name) => {
    expect(displayNameOf({ display_name: name })).toBe(null);
  },
);

test.each(["Ada", "李", "👩‍🚀", "é"])("a name that people can see is one: %s", (name) => {
  expect(displayNameOf({ display_name: name })).toBe(name);
});

test("a pause begins a new passage", () => {
  const { clock, hear, texts } = start();
  hear(token("one", "a"));
  clock.ms += PAUSE_MS;
  hear(token("one", "b"));
  clock.ms += PAUSE_MS + 1;
  hear(token("one", "c"));
  expect(texts()).toEqual(["ab", "c"]);
});

test("the end of a turn, leaving and a gap end a passage", () => {
  const { rows, hear, texts } = start();
  const { data: _data, ...stream } = token("one", "");
  hear(token("one", "a"));
  hear({ ...stream, type: "stream_metadata", metadata: { "ams.convention.v1": "end_of_turn" } });
  hear(token("one", "b"));
  const seqs = { after: "1-2", before: "1-4", missing: 1, reason: "missed" };
  hear({ type: "gap", streamId: "str_one", streamName: "one", ...seqs });
  hear(token("one", "c"));
  hear({ ...stream, type: "stream_left" });
  hear({ ...stream, type: "stream_joined", metadata: {} });
  hear(token("one", "d"));
  expect(texts()).toEqual(["a", "b", "c", "d"]);
  expect(rows.all.map((row) => (row.kind === "note" ? row.about : "text"))).toEqual([
    ...["text", "text", "gap", "text", "left", "joined", "text"],
  ]);
});

test("metadata that ends no turn ends no passage", () => {
  const { hear, texts } = start();
  const { data: _data, ...stream } = token("one", "");
  hear(token("one", "a"));
  hear({ ...stream, type: "stream_metadata", metadata: { status: "thinking" } });
  hear(token("one", "b"));
  expect(texts()).toEqual(["ab"]);
});

test.each([
  '{"ams.convention.v1":"end_of_turn"}',
  ' { "ams.convention.v1" : "end_of_turn" } ',
  '{"ams.convention.v1":"end_of_conversation"}',
])("the sentinel %s ends a turn, and is never shown", (sentinel) => {
  const { rows, hear, texts } = start();
  hear(token("one", "a"));
  hear(token("one", sentinel));
  expect(rows.writing.size).toBe(0);
  hear(token("one", "b"));
  expect(texts()).toEqual(["a", "b"]);
  expect(rows.all).toMatchObject([{ isContinuation: false }, { isContinuation: false }]);
});

test("who writes is known until the turn ends, or the stream pauses", () => {
  const { rows, clock, hear } = start();
  hear(token("one", "a"));
  clock.ms += 1_000;
  hear(token("two", "b"));
  expect([...rows.writing.keys()]).toEqual(["str_one", "str_two"]);
  expect(rows.endPaused()).toBe(PAUSE_MS - 1_000 + 1);
  clock.ms += PAUSE_MS - 1_000 + 1;
  expect(rows.endPaused()).toBe(1_000);
  expect([...rows.writing.keys()]).toEqual(["str_two"]);
  hear(token("two", '{"ams.convention.v1":"end_of_turn"}'));
  expect(rows.endPaused()).toBe(null);
  expect(rows.all).toMatchObject([{ isOpen: false }, { isOpen: false }]);
});

test("kept messages come all at once: a pause between them is one by the broker's clock", () => {
  const { rows, hear, texts } = start();
  const at = (data: string, second: number) => ({
    ...token("one", data),
    ts: `2026-01-31T12:00:0${second}.000Z`,
  });
  hear(at("a", 0));
  hear(at("b", 3));
  hear(at("c", 8));
  expect(texts()).toEqual(["ab", "c"]);
  rows.endOlder(Date.parse("2026-01-31T12:00:11.000Z"));
  expect(rows.writing.size).toBe(1);
  rows.endOlder(Date.parse("2026-01-31T12:00:12.001Z"));
  expect(rows.writing.size).toBe(0);
});

test("what this page sends is shown at once, a long text in passages of one message", () => {
  const { rows } = start();
  const message = { text: "x".repeat(45_000), delivery: { kind: "pending" } as const };
  rows.addOwn(speakerOf({ streamId: "str_me", streamName: "me-1" }, undefined), message, TS);
  expect(rows.all).toMatchObject([
    { isOwn: true, isContinuation: false, message },
    { isOwn: true, isContinuation: true, message },
    { isOwn: true, isContinuation: true, message },
  ]);
});

test("a name is the display name, name is read as well, and else it is the stream name", () => {
  const stream = { streamId: "str_1", streamName: "bot-1" };
  expect(nameOf(speakerOf(stream, { display_name: "Ada" }))).toBe("Ada");
  expect(nameOf(speakerOf(stream, { name: "Bob" }))).toBe("Bob");
  expect(nameOf(speakerOf(stream, {}))).toBe("bot-1");
});

test.each([
  ["Ada", " ADA "],
  ["Zoë", "Zoe\u0308"],
  ["Ａda", "ada"],
])("people would take %s and %s for the same name", (one, other) => {
  expect(isSameName(one, other)).toBe(true);
  expect(isSameName(one, `${other} 2`)).toBe(false);
});

test("a long text is cut into passages that go on, and nothing of it is lost", () => {
  const { rows, hear, texts } = start();
  const text = "0123456789".repeat(7_000);
  hear(token("one", text.slice(0, 15)));
  hear(token("one", text.slice(15)));
  expect(texts().join("")).toBe(text);
  expect(Math.max(...texts().map((part) => part.length))).toBe(PASSAGE_CHARACTERS_MAX);
  expect(rows.all).toHaveLength(4);
  const passages = rows.all.filter((row): row is Passage => row.kind === "passage");
  expect(passages.map(({ isContinuation }) => isContinuation)).toEqual([false, true, true, true]);
  expect(passages.map(({ isOpen }) => isOpen)).toEqual([false, false, false, true]);
});

test("a character of two halves is never cut in two, and lone halves pass", () => {
  const { hear, texts } = start();
  hear(token("one", `x${"\u{1f600}".repeat(PASSAGE_CHARACTERS_MAX)}`));
  for (const text of texts()) expect(() => encodeURIComponent(text)).not.toThrow();
  hear(token("two", "\ud800"));
  expect(texts().at(-1)).toBe("\ud800");
  expect(cut("\ud800\ud800", 1)).toBe("");
});

test("an empty token is a token, and makes no second row", () => {
  const { hear, texts } = start();
  hear(token("one", ""));
  hear(token("one", "a"));
  hear(token("one", ""));
  expect(texts()).toEqual(["a"]);
});

test("what is kept is bounded, and a passage that was forgotten begins anew", () => {
  const { rows, hear, texts } = start({ itemsMax: 16, charactersMax: 1_000_000 });
  hear(token("first", "old "));
  for (let index = 0; index < 100; index += 1) hear(token(`s${index}`, "x"));
  expect(rows.all.length).toBeLessThanOrEqual(16);
  expect(rows.dropped).toBe(101 - rows.all.length);
  hear(token("first", "new"));
  expect(texts().at(-1)).toBe("new");
});

test("what is kept is bounded in characters too, however the rows grow", () => {
  const { rows, clock, hear, texts } = start({ itemsMax: 10_000, charactersMax: 20_000 });
  for (let index = 0; index < 500; index += 1) {
    hear(token("one", "y".repeat(100)));
    if (index % 7 === 0) clock.ms += PAUSE_MS * 2;
  }
  expect(texts().join("").length).toBeLessThanOrEqual(20_000);
  expect(rows.all.length).toBeGreaterThan(5);
});

test("a name is shown without what would turn it around", () => {
  expect(displayNameOf({ display_name: "\u202eada\u202c" })).toBe("ada");
  expect(displayNameOf({ display_name: "\u202e" })).toBe(null);
  expect(displayNameOf({ display_name: "\u05d0\u05d1" })).toBe("\u05d0\u05d1");
});

test.each([
  ["Ada", "A"],
  ["  \u200b\u00adada", "a"],
  ["👩‍👩‍👧‍👦 family", "👩‍👩‍👧‍👦"],
  ["🇩🇪", "🇩🇪"],
  ["e\u0301cole", "e\u0301"],
  ["", "?"],
  ["\u2063", "?"],
])("the initial of %j is the first character that people see, whole", (name, initial) => {
  expect(initialOf(name)).toBe(initial);
});

test("a browser that can't count characters as people do shows an initial all the same", () => {
  const { Segmenter } = Intl;
  try {
    Object.assign(Intl, { Segmenter: undefined });
    expect(initialOf("\u202e👩‍👩‍👧‍👦")).toBe("👩");
  } finally {
    Object.assign(Intl, { Segmenter });
  }
});
