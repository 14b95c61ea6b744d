/** Where the saturation point of a ramped run is. */
import { expect, test } from "vitest";
import { steady } from "../schedule.ts";
import type { Second } from "../timeline.ts";
import { emptyTally } from "../verify/tally.ts";
import { saturationOf } from "./saturation.ts";

const RAMP = steady(100, 10, 2);

function second(at_s: number, p99: number, lost = 0): Second {
  return {
    at_s,
    isWhole: true,
    tally: { ...emptyTally(), received: 10, lost },
    latency: { p50: 1, p90: 1, p99, p999: p99, max: p99, mean: 1 },
    latenessP99Us: 0,
    cpu: 0,
    cpuSeconds: 0,
    stallMs: 0,
  };
}

test("the saturation point is where p99 rises and stays high, or the first frame is missing, whichever is first", () => {
  const calm = Array.from({ length: 6 }, (_, at_s) => second(at_s, 1_000));
  const oneSpike = [...calm, second(6, 90_000), second(7, 1_000)];
  expect(saturationOf(oneSpike, RAMP, 2)).toBe(null);
  const bent = [...calm, second(6, 60_000), second(7, 90_000), second(8, 90_000, 4)];
  expect(saturationOf(bent, RAMP, 2)).toEqual({
    kind: "latency",
    at_s: 6,
    tokensPerSecond: 130,
    p99Us: 60_000,
    calmP99Us: 1_000,
  });
  const lossy = [...calm, second(6, 1_000, 1), second(7, 90_000), second(8, 90_000)];
  expect(saturationOf(lossy, RAMP, 2)).toMatchObject({ kind: "loss", at_s: 6 });
});
