/** When events are due. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { dueAt, lengthOf, owedBy, type Rhythm, rampOf, rateAt, steady } from "./schedule.ts";

const rates = fc.double({ min: 0, max: 2_000, noNaN: true });
const rhythms = fc.array(
  fc.record({ seconds: fc.integer({ min: 1, max: 30 }), from: rates, to: rates }),
  { minLength: 1, maxLength: 5 },
);
const shares = fc.double({ min: 0, max: 0.999, noNaN: true });

test("an event is due at the moment at which it is owed, and later than the one before", () => {
  fc.assert(
    fc.property(rhythms, shares, (rhythm, share) => {
      const owed = owedBy(rhythm, lengthOf(rhythm)) * share;
      const due = dueAt(rhythm, owed);
      fc.pre(due !== null);
      expect(due).toBeGreaterThanOrEqual(0);
      expect(due).toBeLessThanOrEqual(lengthOf(rhythm) + 1e-6);
      expect(owedBy(rhythm, due ?? 0)).toBeCloseTo(owed, 3);
      const next = dueAt(rhythm, owed + 1);
      if (next !== null) expect(next).toBeGreaterThan(due ?? 0);
    }),
  );
});

/** How many events of this phase are due before the end. */
function countOf(rhythm: Rhythm, phase: number): number {
  let count = 0;
  while (dueAt(rhythm, count + phase) !== null) count += 1;
  return count;
}

test("at a steady rate there are rate times duration tokens, whatever the phase", () => {
  const rhythm = steady(50, 0, 4);
  for (const phase of [0, 0.05, 0.5, 0.95]) expect(countOf(rhythm, phase)).toBe(200);
  expect(dueAt(rhythm, 100)).toBe(2);
});

test("a ramp sends half of what its time would hold at full rate", () => {
  const rhythm = steady(100, 10, 5);
  expect(countOf(rhythm, 0)).toBe(1_000);
  expect(rateAt(rhythm, 5)).toBe(50);
  expect(rateAt(rhythm, 12)).toBe(100);
  expect(rampOf(rhythm)).toBe(10);
  expect(dueAt(rhythm, 125)).toBeCloseTo(5, 9);
});

test("a phase without a rate is passed over", () => {
  const rhythm = [
    { seconds: 2, from: 10, to: 10 },
    { seconds: 5, from: 0, to: 0 },
    { seconds: 2, from: 10, to: 10 },
  ];
  expect(dueAt(rhythm, 20)).toBe(7);
  expect(countOf(rhythm, 0)).toBe(40);
});

test("no rate is no token", () => {
  expect(countOf(steady(0, 3, 3), 0)).toBe(0);
});
