// The token bucket: a burst at once, a rate without end, and never more (§4.4.3).

import { FRAME_JSON_TOKENS_MAX, OTHER_FRAME_BYTES_MAX } from "@ams/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { GATEWAY_SETTINGS } from "../config.ts";
import { jsonCharge, TokenBucket } from "./limits.ts";

test("§4.4.3 a full bucket lets its burst through at once, then its rate", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 1_000);
  expect([1, 2, 3, 4].map(() => bucket.take(1, 1_000))).toEqual([true, true, true, false]);
  expect(bucket.take(1, 1_099)).toBe(false);
  expect(bucket.take(1, 1_100)).toBe(true);
  expect(bucket.take(1, 1_100)).toBe(false);
});

test("§9.1 a rate of 0 is no limit", () => {
  const bucket = new TokenBucket({ perSecond: 0, burst: 1 }, 0);
  expect(Array.from({ length: 1_000 }, () => bucket.take(1_000, 0)).every(Boolean)).toBe(true);
});

test("§4.4.3 the dearest frame fits in the smallest burst that can be set, and a plain token costs its bytes", () => {
  const smallest = GATEWAY_SETTINGS.AMS_BYTES_BURST.read;
  const dearest = 2 * OTHER_FRAME_BYTES_MAX + jsonCharge(FRAME_JSON_TOKENS_MAX);
  expect(smallest.safeParse(String(dearest)).success).toBe(false);
  expect(jsonCharge(9)).toBe(0);
});

test("a clock that runs backwards neither fills nor empties the bucket", () => {
  const bucket = new TokenBucket({ perSecond: 1_000, burst: 2 }, 5_000);
  expect(bucket.take(2, 5_000)).toBe(true);
  expect(bucket.take(1, 1_000)).toBe(false);
  expect(bucket.take(1, 4_999)).toBe(false);
  expect(bucket.take(1, 5_001)).toBe(true);
});

test("§4.4.3 no window of time ever lets more through than the burst and the rate of that window", () => {
  const steps = fc.array(
    fc.record({
      waitMs: fc.integer({ min: 0, max: 2_000 }),
      units: fc.integer({ min: 1, max: 50 }),
    }),
    { minLength: 1, maxLength: 60 },
  );
  const rate = fc.record({
    perSecond: fc.integer({ min: 1, max: 500 }),
    burst: fc.integer({ min: 1, max: 100 }),
  });
  fc.assert(
    fc.property(rate, steps, ({ perSecond, burst }, taken) => {
      const bucket = new TokenBucket({ perSecond, burst }, 0);
      const passed: { at: number; units: number }[] = [];
      let nowMs = 0;
      for (const { waitMs, units } of taken) {
        nowMs += waitMs;
        if (bucket.take(units, nowMs)) passed.push({ at: nowMs, units });
      }
      for (const [from, first] of passed.entries()) {
        let sum = 0;
        for (const { at, units } of passed.slice(from)) {
          sum += units;
          expect(sum).toBeLessThanOrEqual(burst + ((at - first.at) / 1_000) * perSecond + 1e-6);
        }
      }
    }),
  );
});

test("§4.4.3 who keeps to the rate is never refused", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 300 }),
      (perSecond, frames) => {
        const bucket = new TokenBucket({ perSecond, burst: 2 }, 0);
        const gapMs = Math.ceil(1_000 / perSecond);
        return Array.from({ length: frames }, (_, index) => bucket.take(1, index * gapMs)).every(
          Boolean,
        );
      },
    ),
  );
});
