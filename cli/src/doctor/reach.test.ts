import { describe, expect, test } from "vitest";
import { lookAtClock } from "./reach.ts";

const NOON = Date.parse("2026-01-31T12:00:00.000Z");

describe("clocks", () => {
  test.each([
    [0, "ok"],
    [2_900, "ok"],
    [-3_000, "note"],
    [29_999, "note"],
    [30_000, "wrong"],
    [-86_400_000, "wrong"],
  ])("a difference of %d ms is %s", (skewMs, level) => {
    expect(lookAtClock(NOON, NOON + skewMs)).toMatchObject({
      level,
      figures: { clock_skew_ms: skewMs },
    });
  });

  test("the sentence says which clock is behind", () => {
    expect(lookAtClock(NOON, NOON - 60_000)?.sentence).toMatch(
      /^This machine's clock is 60 s behind/,
    );
    expect(lookAtClock(NOON, NOON + 60_000)?.sentence).toMatch(
      /^This machine's clock is 60 s ahead/,
    );
  });

  test("a date that is none says nothing", () => {
    expect(lookAtClock(Number.NaN, NOON)).toBeNull();
  });
});
