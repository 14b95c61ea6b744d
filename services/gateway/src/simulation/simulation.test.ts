/**
 * Histories of several gateways: they keep the rules of delivery, they replay, and the checker
 * finds what is planted.
 */
import { expect, test } from "vitest";
import { PLANTED } from "./planted.ts";
import { type Outcome, runHistory } from "./run.ts";
import { shrink } from "./shrink.ts";
import { FAULT_KINDS, planOf } from "./steps.ts";
import { isJudged, OPEN_FAULTS, VIOLATIONS, type Violation } from "./violation.ts";

/** Histories of each kind that a test runs; `npm run simulate` runs as many as one wants. */
const HISTORIES = 60;

/** Histories in which a planted fault must have shown itself. */
const PLANTED_HISTORIES = 60;

test("§5 histories without a fault: nothing is lost, doubled, out of order or leaked", async () => {
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const { violations } = await runHistory(seed, planOf(seed, []));
    expect({ seed, violations: violations.filter(isFatal) }).toEqual({ seed, violations: [] });
  }
});

test("§5.6, §5.9 histories with faults: 10 s after the last one all rules hold again", async () => {
  const faults = FAULT_KINDS.filter((kind) => !OPEN_FAULTS.includes(kind));
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const { violations } = await runHistory(seed, planOf(seed, faults));
    expect({ seed, violations: violations.filter(isFatal) }).toEqual({ seed, violations: [] });
  }
});

test("a seed replays bit for bit", async () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const first = await runHistory(seed, planOf(seed, FAULT_KINDS));
    const second = await runHistory(seed, planOf(seed, FAULT_KINDS));
    expect(second).toEqual(first);
  }
});

for (const [name, { what, caughtAs, faults, plant }] of Object.entries(PLANTED)) {
  test(`a planted fault is caught as ${caughtAs}: ${what}`, async () => {
    expect(VIOLATIONS).toHaveProperty(caughtAs);
    const caught: number[] = [];
    for (let seed = 1; seed <= PLANTED_HISTORIES && caught.length === 0; seed += 1) {
      const shows = ({ violations }: Outcome) => violations.some(({ kind }) => kind === caughtAs);
      if (!shows(await runHistory(seed, planOf(seed, faults), plant()))) continue;
      // It is the planted fault that shows itself, and not another one.
      if (!shows(await runHistory(seed, planOf(seed, faults)))) caught.push(seed);
    }
    expect({ name, caught: caught.length }).toEqual({ name, caught: 1 });
  });
}

test("a history that fails is shortened to the steps that it needs", async () => {
  const plant = PLANTED.echo?.plant ?? (() => ({}));
  const plan = planOf(1, []);
  const shorter = await shrink(1, plan, "echo", plant);
  expect(shorter.plan.steps.length).toBeLessThan(plan.steps.length);
  expect(shorter.violations.some(({ kind }) => kind === "echo")).toBe(true);
});

function isFatal({ kind }: Violation): boolean {
  return isJudged(kind);
}
