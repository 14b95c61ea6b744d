// What a row says of a figure: its ratio to the control, and whether it reached what it was to
// reach.
import { expect, test } from "vitest";
import { row } from "./row.ts";

test.each([
  ["a ratio at the limit is reached", { ours: 9, control: 10, atLeast: 0.9 }, 0.9, true],
  ["a ratio past it is not", { ours: 12, control: 10, atMost: 1.15 }, 1.2, false],
  ["without a control the figure itself is judged", { ours: 2_048, atMost: 2_048 }, null, true],
  ["what could not be measured is not reached", { ours: null, atMost: 1 }, null, false],
  ["a little above the control is", { ours: 3.5, control: 1, atMostAbove: 3 }, 3.5, true],
  ["too much above it is not", { ours: 1, control: 0, atMostAbove: 0 }, null, false],
  ["where nothing was set nothing is judged", { ours: 1, control: 2 }, 0.5, undefined],
])("%s", (_name, given, ratio, isReached) => {
  const { ratio: shown, reach } = row({ what: "x", ...given });
  expect([shown, reach?.isReached]).toEqual([ratio, isReached]);
});
