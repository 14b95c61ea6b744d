/** Which runs are refused before they begin, and in which words. */
import type { Machine } from "@ams/loadtest";
import { expect, test } from "vitest";
import { type Options, planOf, scenarioOf } from "./plan.ts";

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
  summary: false,
};

const plan = (options: Partial<Options>, machine: Partial<Machine> = {}) =>
  planOf(scenarioOf({ ...OPTIONS, ...options }), { ...MACHINE, ...machine });

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

test("a machine of few descriptors is reported how many it would take", () => {
  expect(() => plan({ subscribers: 9_000 }, { descriptors: 128 })).toThrow(
    /128 descriptors.*at most 64 processes are started.*ulimit -n 205/,
  );
});

test("without /proc nothing is refused for it", () => {
  expect(plan({ subscribers: 70_000 }, { descriptors: null, ports: null }).processes).toBe(4);
});

test("more connections than one address has ports go from several, and visitors take theirs", () => {
  const scenario = { ...scenarioOf({ ...OPTIONS, subscribers: 70_000 }), processes: 8 };
  const machine = { ...MACHINE, descriptors: 20_000 };
  expect(() => planOf(scenario, machine)).toThrow(/from 3 addresses.*--workers/);
  const sources = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];
  expect(planOf({ ...scenario, sources }, machine).processes).toBe(8);
  const arrivals = [{ seconds: 60, from: 0, to: 500 }];
  const visits = { arrivals, stay_s: [10, 60] as const };
  expect(() => planOf({ ...scenario, sources, visits }, machine)).toThrow(/local ports/);
});

test("a run over workers elsewhere has one process for each of them", () => {
  expect(planOf(scenarioOf(OPTIONS), MACHINE, 3).processes).toBe(3);
});
