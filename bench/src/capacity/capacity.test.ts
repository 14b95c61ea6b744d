/** What a deployment takes, and how the simulation agrees with the sums and with known queues. */
import { expect, test } from "vitest";
import { type Costs, costsFrom, readCosts } from "./costs.ts";
import { type Load, needsOf, spreadOf } from "./model.ts";
import { simulate } from "./simulate.ts";

const COSTS: Costs = readCosts();
const LOAD: Load = {
  conversations: 1_000_000,
  connections: 10_000_000,
  tokensPerSecond: 1_500_000,
  tokenBytes: 32,
  joinsPerSecond: 0,
  placement: "together",
  free: 0.5,
};

test("members on one gateway: 15 µs a token and 3 µs for each reader after the first", () => {
  const costs = { ...COSTS, gatewayPerLoneTokenUs: 15, gatewayPerFurtherDeliveryUs: 3 };
  const needs = needsOf(LOAD, costs);
  expect(needs.emissionCores).toBeCloseTo(22.5, 6);
  expect(needs.deliveryCores).toBeCloseTo(36, 6);
  expect(needs.gateways).toBe(117);
});

test("members anywhere are on nearly as many gateways as they are, and Redis carries each", () => {
  const needs = needsOf({ ...LOAD, placement: "anywhere" }, COSTS);
  expect(needs.spread).toBeGreaterThan(9.5);
  expect(needs.shards).toBeGreaterThan(needsOf(LOAD, COSTS).shards * 5);
  expect(spreadOf(10, 1)).toBe(1);
});

test("a simulated deployment is as busy as the sums say, and a seed is a run", () => {
  for (const placement of ["together", "anywhere"] as const) {
    const load = { ...LOAD, placement };
    const needs = needsOf(load, COSTS);
    const found = simulate(load, needs, COSTS, 7);
    expect(found.gatewayBusy / 0.5).toBeGreaterThan(0.9);
    expect(found.gatewayBusy / 0.5).toBeLessThan(1.1);
    expect(simulate(load, needs, COSTS, 7)).toEqual(found);
  }
});

test("a queue that is half busy makes one wait as M/M/1 says: in all twice the work", () => {
  const costs = { ...COSTS, pathSameGatewayUs: 0, gatewayPerLoneTokenUs: 100 };
  const load = { ...LOAD, conversations: 500_000, connections: 1_000_000, tokensPerSecond: 5e4 };
  const needs = needsOf(load, costs);
  const { same } = simulate(load, needs, costs, 3);
  // The time in an M/M/1 queue is exponential with mean 100 / (1 - 0.5) µs.
  expect(same.p50).toBeGreaterThan(200 * Math.LN2 * 0.9);
  expect(same.p50).toBeLessThan(200 * Math.LN2 * 1.1);
});

test("all clients of a gateway that dies are back, and sooner where there are more others", () => {
  const few = { ...LOAD, conversations: 20_000, connections: 200_000, tokensPerSecond: 30_000 };
  const small = simulate(few, needsOf(few, COSTS), COSTS, 1).death;
  const large = simulate(LOAD, needsOf(LOAD, COSTS), COSTS, 1).death;
  expect(large.allBack_s).toBeGreaterThan(0);
  expect(large.allBack_s).toBeLessThan(small.allBack_s);
});

test("costs of a bench run replace those that it measured, and no others", () => {
  const machine = {
    processors: "2 × a processor",
    system: "linux",
    memoryGiB: 24,
    node: "v20.20.2",
    commit: "abc1234",
    date: "2026-12-01T00:00:00.000Z",
  };
  const row = { what: "gateway CPU µs per token", control: null, ratio: null, reach: null };
  const rows = [{ ...row, ours: 17.123, note: "" }];
  const results = [{ name: "lone-tokens", about: "", rows, faults: [] }];
  const costs = costsFrom(COSTS, results, machine);
  expect(costs).toMatchObject({ gatewayPerLoneTokenUs: 17.1, gatewayPerJoinUs: 125 });
  expect(costs.measured).toMatchObject({ date: "2026-12-01", commit: "abc1234" });
  expect(costsFrom(COSTS, [], machine)).toBe(COSTS);
});
