import fc from "fast-check";
import { expect, test } from "vitest";
import type { Heard } from "./buffer.ts";
import { type FoldOptions, foldMessages, MESSAGE_KINDS } from "./messages.ts";

const END = '{"ams.convention.v1":"end_of_turn"}';
const BEGAN = Date.parse("2026-01-01T00:00:00.000Z");

function options(more: Partial<FoldOptions> = {}): FoldOptions {
  return {
    charactersMax: 16_000,
    kinds: new Set(MESSAGE_KINDS),
    skip: 0,
    wasOpen: () => false,
    endsTurns: () => false,
    isPaused: () => false,
    ...more,
  };
}

let n = 0;
function said(name: string, data: string, atMs = 0): Heard {
  n += 1;
  const stream = { streamId: `str_${name}`, streamName: name, ownerAccountId: "acc_x" };
  const ts = new Date(BEGAN + atMs).toISOString();
  return { kind: "token", conversationId: "conv_x", ...stream, ts, seq: `1-${n}`, data };
}

/** Messages in short: `name: text`, with `…` where it goes on. */
function brief(all: readonly Heard[], more: Partial<FoldOptions> = {}): readonly string[] {
  return foldMessages(all, options(more)).entries.map((one) =>
    one.kind === "message" ? `${one.from}: ${one.text}${one.done ? "" : "…"}` : one.kind,
  );
}

test("tokens of a turn are joined, two turns never are, and streams keep the order in which they began", () => {
  const all = [
    said("a", "1"),
    said("b", "x"),
    said("a", "2"),
    said("b", END),
    said("a", END),
    said("a", END),
    said("b", "y"),
  ];
  expect(brief(all)).toEqual(["a: 12", "b: x", "b: y…"]);
});

test("a pause of 4 s splits the text of a writer that never ends turns, and of no other", () => {
  const all = [said("a", "1"), said("a", "2", 3_999), said("a", "3", 8_000)];
  expect(brief(all)).toEqual(["a: 12", "a: 3…"]);
  expect(brief(all, { endsTurns: () => true })).toEqual(["a: 123…"]);
  expect(brief(all, { isPaused: () => true })).toEqual(["a: 12", "a: 3"]);
});

test("where only the end of a turn is left to read, an empty message says so", () => {
  expect(brief([said("a", END)], { wasOpen: () => true })).toEqual(["a: "]);
  expect(brief([said("a", END)])).toEqual([]);
  const left: Heard = { ...said("a", ""), kind: "stream_left" } as never;
  expect(brief([left], { wasOpen: () => true })).toEqual(["a: "]);
});

test("a loss is reported at its position and ends what its stream was saying", () => {
  const lost = { streamId: "str_a", streamName: "a", after: null, before: null, reason: "missed" };
  const gap: Heard = { kind: "gap", conversationId: "conv_x", ...lost, missing: 2 };
  expect(brief([said("a", "1"), gap, said("a", "2")])).toEqual(["a: 1…", "gap", "a: 2…"]);
});

test("what doesn't fit is read by the next call: no character is lost or doubled, whatever the limit", () => {
  const texts = fc.array(
    fc.tuple(fc.constantFrom("a", "b"), fc.option(fc.string({ unit: "grapheme", maxLength: 90 }))),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(texts, fc.integer({ min: 60, max: 400 }), (given, charactersMax) => {
      const all = given.map(([name, text]) => said(name, text ?? END));
      const read = new Map<string, string>();
      let [from, skip, calls] = [0, 0, 0];
      while (from < all.length) {
        const fold = foldMessages(all.slice(from), options({ charactersMax, skip }));
        for (const one of fold.entries) {
          if (one.kind === "message") read.set(one.from, (read.get(one.from) ?? "") + one.text);
        }
        expect(fold.count > 0 || fold.skip > skip).toBe(true);
        skip = fold.skip;
        from += fold.count;
        calls += 1;
        expect(calls).toBeLessThan(1_000);
      }
      for (const name of ["a", "b"]) {
        const whole = given.flatMap(([of, text]) => (of === name ? (text ?? "") : "")).join("");
        expect(read.get(name) ?? "").toBe(whole);
      }
    }),
  );
});
