// What counts as a fault of a run: a bench that forgives what it shouldn't proves nothing.
import { expect, test } from "vitest";
import { faultsOf, type GroupResult, type LoadResult } from "./load-result.ts";

const NOTHING = { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };

const FINE: GroupResult = {
  name: "ours",
  members: 10,
  joined: 10,
  failed: 0,
  emitted: 5,
  delivered: 45,
  emitted_total: 6,
  delivered_total: 54,
  expected_total: 54,
  lost: 0,
  missed: 0,
  doubled: 0,
  reordered: 0,
  own: 0,
  wrong_seq: 0,
  alarms: 0,
  closes: {},
  latency_us: NOTHING,
  late_us: NOTHING,
  joining_us: NOTHING,
};

function resultOf(group: Partial<GroupResult>): LoadResult {
  const times = { measured_s: 1, ready_s: 1, back_s: 0, client_cpu_s: 0, cpu_s: {} };
  return { ...times, groups: [{ ...FINE, ...group }] };
}

test.each<[Partial<GroupResult>, readonly string[]]>([
  [{}, []],
  [{ lost: 1 }, ["ours: 1 deliveries lost"]],
  [{ missed: 2 }, ["ours: 2 skipped"]],
  [{ doubled: 3 }, ["ours: 3 doubled"]],
  [{ reordered: 4 }, ["ours: 4 reordered"]],
  [{ own: 5 }, ["ours: 5 delivered to their own emitter"]],
  [{ wrong_seq: 6 }, ["ours: 6 with a wrong seq"]],
  [{ alarms: 7 }, ["ours: 7 losses reported by the broker"]],
  [{ joined: 9, failed: 1 }, ["ours: 1 did not enter"]],
  [{ joined: 8 }, ["ours: 2 were closed"]],
])("%o is reported as %o", (group, faults) => {
  expect(faultsOf(resultOf(group))).toEqual(faults);
});

test("only as many closed connections are forgiven as were meant to be closed", () => {
  expect(faultsOf(resultOf({ joined: 8 }), { closedMax: 2 })).toEqual([]);
  expect(faultsOf(resultOf({ joined: 7 }), { closedMax: 2 })).toEqual(["ours: 1 were closed"]);
});

test("the place of a round among others is no allowance: the compiler refuses it", () => {
  const rounds = [1, 2, 3].map(() => resultOf({ joined: 9 }));
  // @ts-expect-error: `flatMap` would give the index where the allowance is.
  expect(() => rounds.flatMap(faultsOf)).not.toThrow();
  expect(rounds.flatMap((round) => faultsOf(round))).toHaveLength(3);
});
