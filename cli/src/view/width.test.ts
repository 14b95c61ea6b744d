import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { beginning, columnsOf, firstRow, fit } from "./width.ts";

describe("columns of a text", () => {
  test.each([
    ["", 0],
    ["hello", 5],
    ["grüße", 5],
    ["a\u0301", 1],
    ["你好", 4],
    ["한국", 4],
    ["👋", 2],
    ["👩‍👩‍👧", 2],
    ["ｆｕｌｌ", 8],
  ])("%j has %d", (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  test("what is cut is never wider than asked, and never within a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat({ max: 30 }), (text, columns) => {
        const cut = beginning(text, columns);
        expect(text.startsWith(cut)).toBe(true);
        expect(columnsOf(cut)).toBeLessThanOrEqual(columns);
        expect(columnsOf(fit(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  test("a row ends after a space where there is one, and always takes something", () => {
    expect(firstRow("one two three", 9)).toBe("one two ");
    expect(firstRow("one two three", 7)).toBe("one two ");
    expect(firstRow("onetwothree", 5)).toBe("onetw");
    expect(firstRow("你好", 1)).toBe("你");
    expect(firstRow("short", 9)).toBe("short");
  });
});
