/** When tokens are due. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { dueAt, lengthOf, owedBy, rateAt, tokensOf } from "./schedule.ts";

const rhythms = fc.record({
  rate: fc.double({ min: 0.1, max: 2_000, noNaN: true }),
  ramp_s: fc.integer({ min: 0, max: 30 }),
  duration_s: fc.integer({ min: 1, max: 30 }),
});
const phases = fc.double({ min: 0, max: 0.999, noNaN: true });

test("tokens are due one after the other, each at the moment at which it is owed", () => {
  fc.assert(
    fc.property(rhythms, phases, fc.nat({ max: 5_000 }), (rhythm, phase, index) => {
      fc.pre(index < tokensOf(rhythm, phase));
      const due = dueAt(rhythm, index, phase);
      expect(due).toBeGreaterThanOrEqual(0);
      expect(due).toBeLessThanOrEqual(lengthOf(rhythm) + 1e-6);
      expect(owedBy(rhythm, due)).toBeCloseTo(index + phase, 3);
      if (index > 0) expect(due).toBeGreaterThan(dueAt(rhythm, index - 1, phase));
    }),
  );
});

test("at a steady rate there are rate times duration tokens, whatever the phase", () => {
  const rhythm = { rate: 50, ramp_s: 0, duration_s: 4 };
  for (const phase of [0, 0.05, 0.5, 0.95]) expect(tokensOf(rhythm, phase)).toBe(200);
  expect(dueAt(rhythm, 100, 0)).toBe(2);
});

test("a ramp sends half of what its time would hold at full rate", () => {
  const rhythm = { rate: 100, ramp_s: 10, duration_s: 5 };
  expect(tokensOf(rhythm, 0)).toBe(1_000);
  expect(rateAt(rhythm, 5)).toBe(50);
  expect(rateAt(rhythm, 12)).toBe(100);
  expect(dueAt(rhythm, 125, 0)).toBeCloseTo(5, 9);
});

test("no rate is no token", () => {
  expect(tokensOf({ rate: 0, ramp_s: 3, duration_s: 3 }, 0)).toBe(0);
});
