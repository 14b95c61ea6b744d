import { CANONICAL_JSON_TOKENS_MAX, readJson } from "@ams/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalText } from "./canonical.ts";

function canonicalOf(text: string): string | null {
  const json = readJson(text);
  if (json === null) throw new Error("that is no JSON");
  return canonicalText(json.text);
}

test.each([
  ['{"b":1,"a":2}', '{"a":2,"b":1}'],
  ["1.0", "1"],
  ["1e3", "1000"],
  ["0.1", "0.1"],
  ["-0", "0"],
  ["-0.0e5", "0"],
  ["1E23", "1e+23"],
  ["5e-324", "5e-324"],
  ["0.000001", "0.000001"],
  ["1e-7", "1e-7"],
  ["9007199254740992", "9007199254740992"],
  ["1.7976931348623157e308", "1.7976931348623157e+308"],
  ["100e-2", "1"],
  [" [ true , null ] ", "[true,null]"],
  ['"\\u00e9\\/\\ud83d\\ude00"', '"é/😀"'],
  [
    '{"\\u20ac":1,"\\r":2,"1":3,"\\u0080":4,"\\ud83d\\ude00":5}',
    '{"\\r":2,"1":3,"\u0080":4,"€":1,"😀":5}',
  ],
  ['{"a":{"x":1},"b":{"x":1},"c":["x","x"]}', '{"a":{"x":1},"b":{"x":1},"c":["x","x"]}'],
  ['{"__proto__":1,"toJSON":2}', '{"__proto__":1,"toJSON":2}'],
  ["null", "null"],
])("§2.6 %s is canonically %s", (given, expected) => {
  expect(canonicalOf(given)).toBe(expected);
});

test.each([
  "12345678901234567890",
  "9007199254740993",
  "1e400",
  "-1e400",
  "1e-400",
  "0.1000000000000000055",
  "18446744073709551616",
  `1${"0".repeat(400)}`,
  '{"a":[{"b":1e999}]}',
  '"\\ud800"',
  '["\\udc00\\ud800"]',
  '{"\\ud800":1}',
  '{"a":1,"a":1}',
  '{"x":{"a":1,"\\u0061":2}}',
])("§2.6.2 %s has no canonical form that says the same", (given) => {
  expect(canonicalOf(given)).toBeNull();
});

test("§2.6 every JSON of well-formed text and doubles has one form, whatever its spelling", () => {
  const values = fc.jsonValue({ stringUnit: "grapheme" });
  fc.assert(
    fc.property(values, fc.nat(4), (value, indent) => {
      const canonical = canonicalOf(JSON.stringify(value));
      expect(canonical).not.toBeNull();
      expect(canonicalOf(JSON.stringify(value, null, indent))).toBe(canonical);
      expect(canonicalOf(canonical ?? "")).toBe(canonical);
      expect(JSON.parse(canonical ?? "")).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("§2.6.2 a number is refused exactly when its shortest decimal is another number", () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 70n), 2n ** 70n), (whole) => {
      const kept =
        BigInt(Number(whole)) === whole && BigInt(decimalDigits(Number(whole))) === whole;
      expect(canonicalOf(String(whole)) !== null).toBe(kept);
    }),
  );
});

test("§2.6.2 an input has at most 16,384 JSON tokens", () => {
  expect(canonicalOf(`[[],${"0,".repeat(CANONICAL_JSON_TOKENS_MAX / 2 - 3)}0]`)).not.toBeNull();
  expect(canonicalOf(`[[],${"0,".repeat(CANONICAL_JSON_TOKENS_MAX / 2 - 2)}0]`)).toBeNull();
});

test("a megabyte of digits or of brackets takes no long time", () => {
  const began = performance.now();
  expect(canonicalOf(`0.${"0".repeat(500_000)}1${"0".repeat(500_000)}`)).toBeNull();
  expect(canonicalOf(`[${"[],".repeat(20_000)}1]`)).toBeNull();
  expect(canonicalOf(`"${"\\n".repeat(500_000)}"`)).not.toBeNull();
  expect(performance.now() - began).toBeLessThan(5_000);
});

/** A double's shortest decimal without an exponent. */
function decimalDigits(value: number): string {
  const [digits = "", exponent] = String(value).split("e+");
  if (exponent === undefined) return digits;
  const [whole = "", fraction = ""] = digits.split(".");
  return whole + fraction.padEnd(Number(exponent), "0");
}
