/** The line that is drawn while a run goes on. */
import { emptyTally, type Second } from "@ams/loadtest";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { outputOf } from "../terminal/output.ts";
import { startLive } from "./live.ts";

const COLUMNS = 80;
const { isTTY, columns } = process.stderr;
let drawn: string[] = [];

beforeEach(() => {
  drawn = [];
  Object.assign(process.stderr, { isTTY: true, columns: COLUMNS });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => drawn.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  Object.assign(process.stderr, { isTTY, columns });
});

function second(at_s: number, more: Partial<Second> = {}): Second {
  const latency = { p50: 1_240, p90: 3_000, p99: 12_400, p999: 13_000, max: 13_000, mean: 1_500 };
  const tally = { ...emptyTally(), emitted: 10_000, received: 1_000_000, lost: 1 };
  const effort = { cpu: 0, cpuSeconds: 0, stallMs: 0, latenessP99Us: 0 };
  return { at_s, isWhole: true, tally, latency, ...effort, ...more };
}

test("on 80 columns the faults of all seconds so far are seen, however large the figures behind them", () => {
  const live = startLive(outputOf({}), 600);
  for (const at_s of [100, 101]) live.second(second(at_s));
  const line = drawn.at(-1)?.replace("\r\x1b[K", "") ?? "";
  expect(line).toMatch(
    /^102 of 600 s {2}p50 1.24 ms {2}p99 12.4 ms {2}lost 2 {2}faults 2 {2}10,000 tokens\/s/,
  );
  expect(line.length).toBeLessThan(COLUMNS);
});

test("what comes after the end of sending draws no line of zeros", () => {
  const live = startLive(outputOf({}), 2);
  live.phase("waiting for what is on its way");
  live.second(second(2));
  live.second(second(1, { isWhole: false }));
  expect(drawn).toEqual(["\r\x1b[Kwaiting for what is on its way"]);
});
