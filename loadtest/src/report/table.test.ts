/** What the table says of a run, in a sentence and in numbers. */
import { expect, test } from "vitest";
import { emptyTally, type Tally } from "../verify/tally.ts";
import type { LoadResult } from "./result.ts";
import { verdictOf } from "./table.ts";
import { rate } from "./words.ts";

test.each<[string, Partial<Tally>, number, RegExp]>([
  ["all came", { emitted: 5, received: 50 }, 50, /^Every token reached everybody/],
  [
    "one was reported as lost",
    { emitted: 5, received: 49 },
    50,
    /1 delivery is missing, as the broker/,
  ],
  ["nobody emits", {}, 0, /^No token was sent/],
  ["nobody listens", { emitted: 5 }, 0, /^Nobody was there to hear/],
])("a run in which %s is said to be that", (_, counts, expected, sentence) => {
  const tally = { ...emptyTally(), ...counts };
  const result: Partial<LoadResult> = { outcome: "ok", tally, expected };
  expect(verdictOf(result as LoadResult)).toMatch(sentence);
});

test("few per second are reported in two digits, many in whole ones", () => {
  expect([0, 0.0333, 0.5, 9.96, 10.4, 1_234.5].map(rate)).toEqual([
    "0",
    "0.033",
    "0.5",
    "10",
    "10",
    "1,235",
  ]);
});
