import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonical } from "./canonical.ts";
import { parseStrictText } from "./parse-strict.ts";

const RUNS = { numRuns: Number(process.env.AMS_PROPERTY_RUNS ?? 500), seed: 2 };

function byUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** What an independent reader would write: sorted at each depth, by hand, over JSON.stringify. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort(byUnits);
  return `{${names.map((name) => `${JSON.stringify(name)}:${sorted(Reflect.get(value, name))}`).join(",")}}`;
}

const json = fc.jsonValue({ maxDepth: 5, stringUnit: "binary" });

test("P1.1 canonical text is what a sorter over JSON.stringify and what another library write", () => {
  fc.assert(
    fc.property(json, (value) => {
      const read = parseStrictText(JSON.stringify(value), { bytes: 1_000_000 });
      fc.pre(read.ok);
      const text = canonical(read.ok ? read.value : null);
      expect(text).toBe(sorted(value));
      expect(text).toBe(canonicalize(value));
      const again = parseStrictText(text, { bytes: 1_000_000 });
      expect(canonical(again.ok ? again.value : null)).toBe(text);
    }),
    RUNS,
  );
});

test("P1.5 two ways that are wrong: each gives another text", () => {
  const nested = { b: { x: 1 }, a: 1 };
  expect(JSON.stringify(nested, Object.keys(nested).sort(byUnits))).not.toBe(canonical(nested));
  const numbered = { "1": 1, "10": 2, "2": 3 };
  const rebuilt = Object.fromEntries(Object.entries(numbered).sort(([a], [b]) => (a < b ? -1 : 1)));
  expect(JSON.stringify(rebuilt)).not.toBe(canonical(numbered));
  expect(canonical(numbered)).toBe('{"1":1,"10":2,"2":3}');
});

const cycle: unknown[] = [];
cycle.push(cycle);

test.each([
  ["undefined", undefined],
  ["a member that is undefined", { a: undefined }],
  ["a function", () => 1],
  ["a symbol", Symbol("a")],
  ["a symbol as name", { [Symbol("a")]: 1 }],
  ["a bigint", 1n],
  ["NaN", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["a Date", new Date(0)],
  ["a Map", new Map()],
  ["bytes", new Uint8Array(1)],
  ["toJSON", { toJSON: () => 1 }],
  ["a sparse array", new Array(2)],
  ["an array with members", Object.assign([1], { a: 1 })],
  ["a lone surrogate", "\ud800"],
  ["a lone surrogate as name", { "\udc00": 1 }],
  ["a cycle", cycle],
])("P1.4 %s throws", (_what, value) => {
  expect(() => canonical(value)).toThrow(TypeError);
});
