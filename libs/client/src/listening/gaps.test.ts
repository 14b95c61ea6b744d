import { describe, expect, test } from "vitest";
import { Gaps } from "./gaps.ts";

const A = "str_a";

describe("§4.6 losses by seq", () => {
  test("the first seq of a stream that was there before may be any, and from then on each jump is a loss", () => {
    const gaps = new Gaps();
    gaps.reset([A]);
    expect(gaps.frame(A, "3-127")).toBeNull();
    expect(gaps.frame(A, "3-128")).toBeNull();
    expect(gaps.frame(A, "3-131")).toEqual({ after: "3-128", before: "3-131", missing: 2 });
    expect(gaps.frame(A, "3-132")).toBeNull();
  });

  test("§5.3 a seq that was seen, or one before it, is not new", () => {
    const gaps = new Gaps();
    gaps.frame(A, "3-5");
    expect(gaps.frame(A, "3-5")).toBe("seen");
    expect(gaps.frame(A, "3-4")).toBe("seen");
  });

  test("a stream that comes begins with n = 1", () => {
    const gaps = new Gaps();
    gaps.joined(A);
    expect(gaps.frame(A, "4-3")).toEqual({ after: null, before: "4-3", missing: 2 });
    gaps.joined(A);
    expect(gaps.frame(A, "5-1")).toBeNull();
  });

  test("a takeover begins a new epoch with n = 1 and is no loss; any other beginning is", () => {
    const gaps = new Gaps();
    gaps.frame(A, "3-10");
    expect(gaps.frame(A, "7-1")).toBeNull();
    expect(gaps.frame(A, "9-2")).toEqual({ after: "7-1", before: "9-2", missing: null });
    expect(gaps.frame(A, "8-1")).toEqual({ after: "9-2", before: "8-1", missing: null });
  });

  test("§4.6.3 the last seq of a stream that leaves shows a lost tail", () => {
    const gaps = new Gaps();
    gaps.frame(A, "3-10");
    expect(gaps.left(A, "3-12")).toEqual({ after: "3-10", before: null, missing: 2 });
    gaps.frame(A, "3-10");
    expect(gaps.left(A, "3-10")).toBeNull();
    gaps.joined(A);
    expect(gaps.left(A, "4-0")).toBeNull();
    gaps.joined(A);
    expect(gaps.left(A, "5-1")).toEqual({ after: null, before: null, missing: 1 });
    gaps.reset([A]);
    expect(gaps.left(A, "5-9")).toBeNull();
    gaps.frame(A, "5-9");
    expect(gaps.left(A, undefined)).toBeNull();
  });

  test("§4.7 what the broker reported is not found a second time", () => {
    const gaps = new Gaps();
    gaps.frame(A, "2-17");
    expect(gaps.reported(A, "2-17", "2-42")).toEqual({
      after: "2-17",
      before: "2-42",
      missing: 24,
    });
    expect(gaps.frame(A, "2-42")).toBeNull();
    expect(gaps.reported(A, "2-42", null)).toEqual({ after: "2-42", before: null, missing: null });
    expect(gaps.frame(A, "6-1")).toBeNull();
    gaps.reported(A, "6-0", "6-1"); // Late news doesn't turn the clock back.
    expect(gaps.frame(A, "6-1")).toBe("seen");
  });

  test("after an outage a loss shows at the next frame, and an end of epoch counts as one", () => {
    const gaps = new Gaps();
    gaps.frame(A, "2-1");
    expect(gaps.reset([A])).toEqual(new Map());
    expect(gaps.frame(A, "2-2")).toBeNull();
    gaps.reset([A]);
    expect(gaps.frame(A, "2-5")).toEqual({ after: "2-2", before: "2-5", missing: 2 });
    gaps.reset([A]);
    expect(gaps.frame(A, "3-1")).toEqual({ after: "2-5", before: "3-1", missing: null });
    expect(gaps.reset([])).toEqual(new Map([[A, { after: "3-1", before: null, missing: null }]]));
  });
});
