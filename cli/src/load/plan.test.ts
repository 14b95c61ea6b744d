/**
 * Which runs are refused before they begin, and in which words; where a ramped run is said to bend.
 */
import { expect, test } from "vitest";
import type { Second } from "./book.ts";
import { kneeOf } from "./knee.ts";
import { blindSpotsOf, descriptorsOf, type Machine, portsOf } from "./machine.ts";
import { type Options, planOf } from "./plan.ts";
import { emptyTally } from "./tally.ts";

const MACHINE: Machine = {
  platform: "linux",
  cores: 4,
  cpu: "a processor",
  node: "v20",
  descriptors: 1_024,
  ports: 28_232,
};
const OPTIONS: Options = {
  subscribers: 10,
  emitters: 2,
  rate: 10,
  payloadBytes: 64,
  duration_s: 10,
  ramp_s: 0,
  processes: null,
  emitOnly: false,
};

const plan = (options: Partial<Options>, machine: Partial<Machine> = {}) =>
  planOf({ ...OPTIONS, ...options }, { ...MACHINE, ...machine });

test("a run takes the processes that its descriptors and its deliveries ask for", () => {
  expect(plan({}).processes).toBe(1);
  expect(plan({ subscribers: 1_000 }).processes).toBe(2);
  expect(plan({ subscribers: 500, rate: 1_000 }).processes).toBe(4);
  expect(plan({ processes: 3 }).processes).toBe(3);
  expect(plan({ subscribers: 1, emitters: 1, processes: 8 }).processes).toBe(2);
});

test("who emits only hears nobody, and a token then reaches the subscribers alone", () => {
  expect(plan({}).audience).toBe(11);
  expect(plan({ emitOnly: true }).audience).toBe(10);
});

test.each([
  [
    { subscribers: 5_000, processes: 2 },
    /1024 descriptors.*--processes 6, or raise it \(ulimit -n 2565\)/,
  ],
  [{ subscribers: 70_000 }, /local ports/],
  [{ rate: 20_000 }, /at most 16000 tokens\/s/],
  [{ rate: 1_000, payloadBytes: 65_536 }, /at most 26 MB\/s, which is 409 tokens\/s/],
  [{ payloadBytes: 8 }, /--payload is 24 to 65536 bytes/],
  [{ payloadBytes: 65_537 }, /--payload is 24 to 65536 bytes/],
  [{ processes: 0 }, /--processes is 1 to 64/],
  [{ processes: 65 }, /--processes is 1 to 64/],
  [{ duration_s: 0 }, /--duration/],
  [{ duration_s: 80_000, ramp_s: 10_000 }, /a day/],
  [{ subscribers: 0, emitters: 0 }, /nobody to connect/],
  [{ subscribers: 0, emitters: 1, emitOnly: true }, /somebody must listen/],
])("%o is refused in a sentence that says the limit", (options, sentence) => {
  expect(() => plan(options)).toThrow(sentence);
});

test("a machine of few descriptors is told how many it would take", () => {
  expect(() => plan({ subscribers: 9_000 }, { descriptors: 128 })).toThrow(
    /128 descriptors.*at most 64 processes are started.*ulimit -n 205/,
  );
});

test("without /proc nothing is refused for it, and that is said", () => {
  expect(plan({ subscribers: 70_000 }, { descriptors: null, ports: null }).processes).toBe(4);
  expect(blindSpotsOf({ ...MACHINE, platform: "darwin", descriptors: null, ports: null })).toEqual([
    expect.stringContaining("descriptors can't be read"),
    expect.stringContaining("local ports can't be read on darwin"),
  ]);
  expect(blindSpotsOf(MACHINE)).toEqual([]);
});

test("limits are read as Linux writes them", () => {
  const limits =
    "Limit   Soft Limit   Hard Limit   Units\nMax open files            20000   20000   files\n";
  expect(descriptorsOf(limits)).toBe(20_000);
  expect(descriptorsOf(limits.replaceAll("20000", "unlimited"))).toBe(null);
  expect(portsOf("32768\t60999\n")).toBe(28_232);
  expect(portsOf(null)).toBe(null);
});

const RAMP = { rate: 100, ramp_s: 10, duration_s: 2 };

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

test("the knee is where p99 bends and stays bent, or where the first frame is missing, whichever comes first", () => {
  const calm = Array.from({ length: 6 }, (_, at_s) => second(at_s, 1_000));
  const oneSpike = [...calm, second(6, 90_000), second(7, 1_000)];
  expect(kneeOf(oneSpike, RAMP, 2)).toBe(null);
  const bent = [...calm, second(6, 60_000), second(7, 90_000), second(8, 90_000, 4)];
  expect(kneeOf(bent, RAMP, 2)).toEqual({
    kind: "latency",
    at_s: 6,
    tokensPerSecond: 130,
    p99Us: 60_000,
    calmP99Us: 1_000,
  });
  const lossy = [...calm, second(6, 1_000, 1), second(7, 90_000), second(8, 90_000)];
  expect(kneeOf(lossy, RAMP, 2)).toMatchObject({ kind: "loss", at_s: 6 });
});
