import { expect, test } from "vitest";
import { barOf } from "./progress.ts";

test("a bar says how far it is, and of what", () => {
  const bar = barOf(1, 4, "sending", 0);
  expect(bar).toMatch(/^█{6}░{18} {2}25 % sending$/);
  expect(barOf(9, 4, "sending", 0)).toContain("100 %");
});

test("where nobody knows how much there is, it counts", () => {
  expect(barOf(7, null, "conversations", 0)).toMatch(/^. conversations \(7\)$/);
});
