import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { harmless, harmlessLines } from "./harmless.ts";

describe("harmless", () => {
  test.each([
    ["\x1b[31mred", "\\x1b[31mred"],
    ["bell\x07 back\b del\x7f", "bell\\x07 back\\x08 del\\x7f"],
    ["\x9b2J", "\\x9b2J"],
    ["\u202eevil\u2066", "\\u202eevil\\u2066"],
    ["a\u200eb\u200fc\u061c", "a\\u200eb\\u200fc\\u061c"],
    ["a\u2028b\ufeff", "a\\u2028b\\ufeff"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\ud800", "\\ud800"],
    ["a\tb\nc\rd", "a b\\nc\\rd"],
  ])("shows %j as an escape", (text, shown) => {
    expect(harmless(text)).toBe(shown);
  });

  test.each(["hello", "grüße 你好", "👩‍👩‍👧 👋🏽", "שלום عربى", "a\u0301", ""])(
    "leaves %j as it is",
    (text) => {
      expect(harmless(text)).toBe(text);
    },
  );

  test("whatever the text, nothing is left that a terminal obeys", () => {
    const anything = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(anything, (text) => {
        expect(harmless(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  test("a text is cut into its lines first", () => {
    expect(harmlessLines("one\r\ntwo\n\x1b")).toEqual(["one", "two", "\\x1b"]);
  });
});
