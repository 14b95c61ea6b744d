/** Histograms that are taken apart, carried and put together again. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Latencies } from "./latencies.ts";

const values = fc.array(fc.integer({ min: 1, max: 60_000_000 }), { maxLength: 200 });

test("what several processes recorded, merged, is what one would have recorded", () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 4 }), (parts) => {
      const one = new Latencies();
      for (const value of parts.flat()) one.record(value);
      const merged = new Latencies();
      for (const part of parts) {
        const worker = new Latencies();
        for (const value of part) worker.record(value);
        merged.add(worker.take());
        expect(worker.count).toBe(0);
      }
      expect(merged.recorded()).toEqual(one.recorded());
      expect(merged.percentiles()).toEqual(one.percentiles());
      expect(merged.count).toBe(parts.flat().length);
    }),
    { numRuns: 30 }, // Each makes some megabytes of histograms.
  );
});

test("percentiles are right to three digits, and all 0 of nothing", () => {
  const latencies = new Latencies();
  expect(latencies.percentiles()).toEqual({ p50: 0, p90: 0, p99: 0, p999: 0, max: 0, mean: 0 });
  for (let value = 1; value <= 1_000; value += 1) latencies.record(value);
  const { p50, p90, p99, p999, max, mean } = latencies.percentiles();
  expect([p50, p90, p99, p999, max]).toEqual([500, 900, 990, 999, 1_000]);
  expect(mean).toBe(501);
});

test("what is out of range counts as the end of it", () => {
  const latencies = new Latencies();
  latencies.record(-5);
  latencies.record(1e12);
  const { p50, max } = latencies.percentiles();
  expect(p50).toBe(1);
  expect(max).toBeGreaterThanOrEqual(600_000_000);
});
