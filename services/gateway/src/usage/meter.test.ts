import { DEPLOYMENT_LIMITS } from "@ams/directory";
import type { AccountId } from "@ams/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BURST_S, Meter, overRate } from "./meter.ts";

const ACCOUNT = "acc_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ" as AccountId;

function meterOf(limits: Partial<typeof DEPLOYMENT_LIMITS>): Meter {
  const meter = new Meter(ACCOUNT, 0);
  meter.limits = { ...DEPLOYMENT_LIMITS, ...limits };
  meter.refill(0);
  return meter;
}

/** How many of so many frames pass at once. */
function passing(meter: Meter, frames: number): number {
  let passed = 0;
  for (let nth = 0; nth < frames; nth += 1) if (meter.take(10)) passed += 1;
  return passed;
}

test("§2.10.4 without a limit everything passes and is counted", () => {
  const meter = meterOf({});
  expect(passing(meter, 10_000)).toBe(10_000);
  meter.delivered(7, 100);
  meter.connections = 2;
  meter.refill(1_500);
  expect(meter).toMatchObject({ frames: 10_000, bytes: 100_000, deliveries: 7, bytesOut: 700 });
  expect(meter.counts().connection_ms).toBe(3_000);
  expect(meter.exceeded()).toBeNull();
});

test("§2.10.4 two seconds' worth passes at once, then what time brings", () => {
  const meter = meterOf({ frames_per_second: 100 });
  expect(passing(meter, 500)).toBe(100 * BURST_S);
  const exceeded = meter.exceeded();
  expect(exceeded).toEqual({ rate: "frames", perSecond: 100 });
  expect(exceeded && overRate(exceeded)).toMatch(/frames_per_second.* 100 frames .*larger plan/);
});

test("§2.10.4 deliveries past their rate are a debt: the next frames wait for it", () => {
  const meter = meterOf({ deliveries_per_second: 100 });
  expect(meter.take(10)).toBe(true);
  meter.delivered(500, 10);
  expect(meter.take(10)).toBe(false);
  expect(meter.exceeded()).toMatchObject({ rate: "deliveries" });
  meter.refill(2_900);
  expect(meter.take(10)).toBe(false);
  meter.refill(3_100);
  expect(meter.take(10)).toBe(true);
});

test("§2.10.4 what passed on other gateways is used up here too", () => {
  const meter = meterOf({ frames_per_second: 100, bytes_per_second: 1_000_000 });
  meter.usedElsewhere({ frames: 150, bytes: 0, deliveries: 0 });
  expect(passing(meter, 100)).toBe(50);
});

test("§2.10.2 a smaller limit holds at once, in the middle of a burst, and none frees it", () => {
  const meter = meterOf({ frames_per_second: 1_000 });
  expect(passing(meter, 100)).toBe(100);
  meter.limits = { ...meter.limits, frames_per_second: 5 };
  meter.refill(1);
  expect(passing(meter, 100)).toBe(10);
  meter.limits = { ...meter.limits, frames_per_second: 0 };
  meter.refill(2);
  expect(passing(meter, 100)).toBe(100);
});

test("§2.10.4 over any gateways and schedules, T + 2 × gateways seconds' worth pass at most", () => {
  const steps = fc.array(
    fc.record({ at: fc.nat({ max: 3 }), frames: fc.nat({ max: 400 }), ms: fc.nat({ max: 250 }) }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 4 }), (schedule, gateways) => {
      const perSecond = 100;
      const meters = Array.from({ length: gateways }, () =>
        meterOf({ frames_per_second: perSecond }),
      );
      let nowMs = 0;
      let passed = 0;
      for (const { at, frames, ms } of schedule) {
        const meter = meters[at % gateways];
        let here = 0;
        for (let nth = 0; nth < frames && meter?.take(1); nth += 1) here += 1;
        passed += here;
        nowMs += ms;
        for (const other of meters) {
          if (other !== meter) other.usedElsewhere({ frames: here, bytes: 0, deliveries: 0 });
          other.refill(nowMs);
        }
      }
      const most = perSecond * (nowMs / 1_000 + BURST_S * gateways);
      expect(passed).toBeLessThanOrEqual(most + 1);
    }),
    { numRuns: 200, seed: 1 },
  );
});
