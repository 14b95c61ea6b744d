/** Seqs: read back as written, ordered by epoch and then by n. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareSeq, formatSeq, parseSeq } from "./seq.ts";

const part = fc.nat({ max: 999_999_999_999_999 });
const seq = fc.record({ epoch: fc.oneof(part, fc.nat(3)), n: fc.oneof(part, fc.nat(3)) });

test("§4.6 a seq is read back as it was written", () => {
  fc.assert(
    fc.property(seq, ({ epoch, n }) => {
      expect(parseSeq(formatSeq(epoch, n))).toEqual({ epoch, n });
    }),
  );
});

test("§4.6 other text is no seq, and none throws", () => {
  for (const text of [
    "",
    "-",
    "1-",
    "-1",
    "1-2-3",
    "1--2",
    "a-1",
    "1-1\n",
    " 1-1",
    "1.0-1",
    "1e3-1",
    "+1-1",
    "1-1234567890123456",
  ]) {
    expect(parseSeq(text), text).toBeNull();
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      const found = parseSeq(text);
      if (found !== null) expect(text).toMatch(/^\d+-\d+$/);
    }),
  );
});

test("§4.6.1 epochs are compared as numbers, then n", () => {
  fc.assert(
    fc.property(fc.array(seq), (seqs) => {
      const sorted = [...seqs].sort(compareSeq);
      for (const [index, here] of sorted.entries()) {
        const next = sorted[index + 1] ?? here;
        expect(here.epoch <= next.epoch).toBe(true);
        if (here.epoch === next.epoch) expect(here.n <= next.n).toBe(true);
      }
    }),
  );
  expect(compareSeq({ epoch: 10, n: 1 }, { epoch: 9, n: 5 })).toBeGreaterThan(0);
  expect(compareSeq({ epoch: 2, n: 5 }, { epoch: 2, n: 5 })).toBe(0);
});
