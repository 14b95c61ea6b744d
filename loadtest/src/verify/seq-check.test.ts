/** The check of one stream, held against what a reader with a perfect memory would say. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readSeq } from "./seq.ts";
import { SeqCheck } from "./seq-check.ts";
import { emptyTally } from "./tally.ts";

const seq = (n: number, epoch = 1) => ({ epoch, n });

function checkOf(fromFirst = true) {
  const tally = emptyTally();
  return { tally, check: new SeqCheck(tally, fromFirst) };
}

/** What comes of a stream of `last` frames: some dropped, some doubled, in any order. */
const arrivals = fc
  .record({
    last: fc.integer({ min: 1, max: 40 }),
    picks: fc.array(fc.nat({ max: 39 }), { maxLength: 80 }),
  })
  .map(({ last, picks }) => ({ last, ns: picks.map((pick) => (pick % last) + 1) }));

test("§5.2 §5.3 §4.6 whatever comes in whatever order: what is new, late, doubled and lost is counted exactly", () => {
  fc.assert(
    fc.property(arrivals, ({ last, ns }) => {
      const { tally, check } = checkOf();
      const outcomes = ns.map((n) => check.frame(seq(n)));
      check.end(seq(last));
      const seen = new Set<number>();
      const expected = ns.map((n) => {
        const outcome = seen.has(n) ? "doubled" : n < Math.max(0, ...seen) ? "late" : "new";
        seen.add(n);
        return outcome;
      });
      expect(outcomes).toEqual(expected);
      const of = (outcome: string) => expected.filter((one) => one === outcome).length;
      expect(tally).toEqual({
        ...emptyTally(),
        lost: last - seen.size,
        doubled: of("doubled"),
        reordered: of("late"),
      });
    }),
  );
});

test("§4.7 a gap that the broker reports is counted as reported and not lost, before it is noticed and after", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.boolean(),
      (before, missing, isLate) => {
        const { tally, check } = checkOf();
        for (let n = 1; n <= before; n += 1) check.frame(seq(n));
        const next = before + missing + 1;
        if (isLate) check.frame(seq(next));
        check.gap(seq(before), seq(next));
        if (!isLate) check.frame(seq(next));
        check.end(seq(next));
        expect(tally).toEqual({ ...emptyTally(), gapsReported: 1, framesReported: missing });
      },
    ),
  );
});

test("a gap of unknown length excuses one jump and no second", () => {
  const { tally, check } = checkOf();
  check.frame(seq(1));
  check.gap(seq(1), null);
  check.frame(seq(5));
  expect(tally).toEqual({ ...emptyTally(), gapsReported: 1, framesReported: 3 });
  check.frame(seq(7));
  expect(tally.lost).toBe(1);
});

test("a reader that was there from the first frame misses what came before what it hears; one that came later doesn't", () => {
  const there = checkOf(true);
  there.check.frame(seq(4));
  expect(there.tally.lost).toBe(3);
  const late = checkOf(false);
  late.check.frame(seq(4));
  late.check.frame(seq(5));
  expect(late.tally).toEqual(emptyTally());
});

test("§4.6.3 a lost tail shows when the stream ends", () => {
  const { tally, check } = checkOf();
  check.frame(seq(1));
  expect(check.outstanding(seq(3))).toBe(2);
  check.end(seq(3));
  expect(tally.lost).toBe(2);
  expect(check.outstanding(seq(3))).toBe(0);
});

test("a stream of which nothing came at all is lost whole", () => {
  const { tally, check } = checkOf();
  check.end(seq(9));
  expect(tally.lost).toBe(9);
});

test("§4.6.1 a new epoch begins at 1, and §3.5.1 nothing of an older one comes after it", () => {
  const { tally, check } = checkOf();
  check.frame(seq(1, 1));
  check.frame(seq(1, 4));
  expect(tally).toEqual(emptyTally());
  expect(check.frame(seq(2, 1))).toBe("late");
  check.frame(seq(3, 6));
  expect(tally).toEqual({ ...emptyTally(), reordered: 1, lost: 2 });
});

test("a seq is two whole numbers; anything else is none", () => {
  expect(readSeq("3-127")).toEqual({ epoch: 3, n: 127 });
  for (const text of ["", "3", "-1", "3-", "a-1", "1-b", "1-2-3", "1.5-2", 7, null]) {
    expect(readSeq(text)).toBe(null);
  }
});
