// What a reader counts: a bench that overlooks a lost token measures nothing.
import { expect, test } from "vitest";
import { Ear, spokenBy } from "./ear.ts";

test.each([
  ["every token once is no fault", [0, 1, 2], []],
  ["one that never comes is lost", [0, 1], ["push of emitter 7: 1 lost"]],
  ["one that is left out is lost", [0, 2], ["push of emitter 7: 1 lost"]],
  ["one that comes again is reported", [0, 1, 1, 2], ["push of emitter 7: 1 doubled or reordered"]],
])("%s", (_name, numbers, faults) => {
  const heard: number[] = [];
  const ear = new Ear("push", 7, (ms) => heard.push(ms));
  for (const number of numbers) ear.onToken(spokenBy(7, number));
  expect(ear.faults(3)).toEqual(faults);
  expect(heard.length).toBe(new Set(numbers).size);
  expect(Math.min(...heard)).toBeGreaterThanOrEqual(0);
});

test("a token of another conversation and a loss that is reported are faults", () => {
  const ear = new Ear("recv", 7, () => undefined);
  ear.onToken(spokenBy(8, 0));
  ear.onTruncated(3);
  expect(ear.faults(0)).toEqual([
    "recv of emitter 7: 1 of another emitter",
    "recv of emitter 7: 3 reported as truncated",
  ]);
});
