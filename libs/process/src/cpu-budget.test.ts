import { expect, test } from "vitest";
import { CpuBudget } from "./cpu-budget.ts";

test("§2.1.6 a budget is used at once, fills with time, and falls below zero by one request only", () => {
  const budget = new CpuBudget(100);
  budget.spend("a", 400, 0);
  expect(budget.waitS("a", 0)).toBeNull();
  budget.spend("a", 250, 0);
  expect(budget.waitS("a", 0)).toBe(3);
  expect(budget.waitS("b", 0)).toBeNull();
  expect(budget.waitS("a", 2_499)).toBe(1);
  expect(budget.waitS("a", 2_500)).toBeNull();
  budget.spend("a", 100, 2_500);
  expect(budget.waitS("a", 1_000)).toBe(1); // A clock that runs backwards fills nothing.
  budget.spend("off", 1_000, 0);
  expect(new CpuBudget(0).waitS("off", 0)).toBeNull();
});
