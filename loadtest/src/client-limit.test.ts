/** When the load client is reported as the limit, and what it would have been good for. */
import { expect, test } from "vitest";
import { clientLimitOf } from "./client-limit.ts";
import type { Second } from "./timeline.ts";
import { emptyTally } from "./verify/tally.ts";

function second(received: number, more: Partial<Second>): Second {
  const latency = { p50: 1, p90: 1, p99: 1, p999: 1, max: 1, mean: 1 };
  const tally = { ...emptyTally(), received };
  const effort = { cpu: 0, cpuSeconds: 0, stallMs: 0, latenessP99Us: 0 };
  return { at_s: 0, isWhole: true, tally, latency, ...effort, ...more };
}

test("the ceiling is computed from the seconds in which a process was at work, and not from idle ones", () => {
  const idle = second(100, { cpu: 0.03, cpuSeconds: 0.03 });
  const busy = second(80_000, { cpu: 0.6, cpuSeconds: 0.8 });
  expect(clientLimitOf({ seconds: [idle, idle] }).ceilingPerProcess).toBe(null);
  expect(clientLimitOf({ seconds: [idle, busy, busy] }).ceilingPerProcess).toBe(100_000);
});

test.each<[string, Partial<Second>, RegExp]>([
  ["full", { cpu: 0.95 }, /used 90 % of a core or more in 2 of 3 s/],
  ["still", { stallMs: 60 }, /was suspended for 50 ms or more in 2 of 3 s/],
  ["late", { latenessP99Us: 25_000 }, /sent 20 ms late or more in 2 of 3 s/],
])(
  "a client that was %s in more than one second was the limit; once is chance",
  (_, how, sentence) => {
    const [calm, hurt] = [second(1, {}), second(1, how)];
    const limit = clientLimitOf({ seconds: [calm, hurt, hurt] });
    expect(limit.isLimit).toBe(true);
    expect(limit.reasons).toEqual([expect.stringMatching(sentence)]);
    expect(clientLimitOf({ seconds: [calm, calm, hurt] })).toMatchObject({ isLimit: false });
  },
);
