import fc from "fast-check";
import { expect, test } from "vitest";
import { sha256 } from "#crypto";
import { toHex, utf8 } from "./bytes.ts";
import { canonical } from "./canonical.ts";
import { parseStrict, parseStrictText } from "./parse-strict.ts";

const LIMITS = { bytes: 1_000_000 };
const RUNS = { numRuns: Number(process.env.AMS_PROPERTY_RUNS ?? 500), seed: 1 };

function faultOf(input: string | Uint8Array) {
  const read = parseStrict(typeof input === "string" ? utf8(input) : input, LIMITS);
  return read.ok ? null : [read.fault, read.offset];
}

test("P1.6 the vector: text, canonical text, hash", () => {
  const text = String.raw`{"b":{"2":1,"10":2,"1":3},"é":"\u20ac\u000f\n","a":[1.50,2e-3,-0,true,null]}`;
  const read = parseStrict(utf8(text), LIMITS);
  const written = canonical(read.ok ? read.value : null);
  expect(written).toBe(
    String.raw`{"a":[1.5,0.002,0,true,null],"b":{"1":3,"10":2,"2":1},"é":"€\u000f\n"}`,
  );
  expect(toHex(sha256(utf8(written)))).toBe(
    "8ff8e8c237180ac0b64d3d0bce1e594228cbe3f30cf2dc4ca4e902a7a7846a7f",
  );
});

test.each([
  ["", ["invalid_json", 0]],
  ["{", ["invalid_json", 1]],
  ["[1,]", ["invalid_json", 3]],
  ['{"a":1,}', ["invalid_json", 7]],
  ['{"a" 1}', ["invalid_json", 5]],
  ["[1}", ["invalid_json", 2]],
  ["[1 2]", ["invalid_json", 3]],
  ["01", ["invalid_json", 1]],
  ["1.", ["invalid_json", 1]],
  [".5", ["invalid_json", 0]],
  ["+1", ["invalid_json", 0]],
  ["NaN", ["invalid_json", 0]],
  ["nul", ["invalid_json", 0]],
  ["nulls", ["invalid_json", 4]],
  ["'a'", ["invalid_json", 0]],
  ['"\t"', ["invalid_json", 1]],
  ['"\\x"', ["invalid_json", 1]],
  ['"\\u12g4"', ["invalid_json", 1]],
  ['"abc', ["invalid_json", 4]],
  ["1 1", ["invalid_json", 2]],
  ["{}[]", ["invalid_json", 2]],
  [",", ["invalid_json", 0]],
  ["]", ["invalid_json", 0]],
  ["/**/1", ["invalid_json", 0]],
  ["\u00a01", ["invalid_json", 0]],
  ['{"é":[é]}', ["invalid_json", 7]],
  ['{"a":1,"a":2}', ["duplicate_key", 7]],
  ['{"a":{"b":1,"\\u0062":2}}', ["duplicate_key", 12]],
  ['{"__proto__":1,"__proto__":2}', ["duplicate_key", 15]],
  ['["\\ud800"]', ["invalid_unicode", 1]],
  ['{"\\udc00":1}', ["invalid_unicode", 1]],
  ['"\\udc00\\ud800"', ["invalid_unicode", 0]],
  ["[1e400]", ["invalid_number", 1]],
  ["9007199254740992", ["invalid_number", 0]],
  ["-9007199254740992", ["invalid_number", 0]],
  ["1e30", ["invalid_number", 0]],
  ["90071992547409920e-1", ["invalid_number", 0]],
  ["\ufeff1", ["invalid_utf8", 0]],
])("P1.2 %s is refused", (text, fault) => {
  expect(faultOf(text)).toEqual(fault);
});

test.each([
  ["9007199254740991", 9007199254740991],
  ["-9007199254740991", -9007199254740991],
  ["1e15", 1e15],
  ["1e-400", 0],
  ['"\\ud83d\\ude00"', "😀"],
  ['"\u007f\ufeff"', "\u007f\ufeff"],
  [" \t\r\n[ ] ", []],
  ['{"":{}}', { "": {} }],
])("P1.2 %s is accepted", (text, value) => {
  expect(parseStrict(utf8(text), LIMITS)).toEqual({ ok: true, value });
});

test.each([
  ["overlong slash", [0x22, 0xc0, 0xaf, 0x22], 1],
  ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22], 2],
  ["beyond Unicode", [0x22, 0x61, 0xf4, 0x90, 0x80, 0x80, 0x22], 3],
  ["a cut character", [0x22, 0xe2, 0x82], 3],
])("P1.2 %s is invalid_utf8", (_what, bytes, offset) => {
  expect(faultOf(Uint8Array.from(bytes))).toEqual(["invalid_utf8", offset]);
});

test("P1.2 one byte more than the limit is too_large, whatever it is", () => {
  expect(parseStrict(utf8("[1]"), { bytes: 3 })).toMatchObject({ ok: true });
  expect(parseStrict(utf8("[1]]"), { bytes: 3 })).toMatchObject({ fault: "too_large" });
  expect(parseStrictText("[1]]", { bytes: 3 })).toMatchObject({ fault: "too_large" });
  expect(parseStrictText('"éé"', { bytes: 5 })).toMatchObject({ fault: "too_large" });
  expect(parseStrictText('"\ud800"', LIMITS)).toMatchObject({ fault: "invalid_utf8" });
});

test("P1.2 depth 16 and 1,024 members are accepted, one more is not", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  expect(faultOf(nested(16))).toBeNull();
  expect(faultOf(nested(17))).toEqual(["too_deep", 16]);
  const items = (count: number) => `[${Array.from({ length: count }, () => 1).join(",")}]`;
  const members = (count: number) =>
    `{${Array.from({ length: count }, (_, at) => `"${at}":1`).join(",")}}`;
  expect(faultOf(items(1_024))).toBeNull();
  expect(faultOf(members(1_024))).toBeNull();
  expect(faultOf(items(1_025))?.[0]).toBe("too_many_members");
  expect(faultOf(members(1_025))?.[0]).toBe("too_many_members");
});

test("P1.2 of several faults the first of the table is the answer", () => {
  const deep = `${"[".repeat(20)}1e400,"\\ud800",{"a":1,"a":2}${"]".repeat(20)}`;
  expect(faultOf(deep)?.[0]).toBe("duplicate_key");
  expect(faultOf(deep.replace(',"a":2', ""))?.[0]).toBe("invalid_unicode");
  expect(faultOf(`${"[".repeat(20)}1e400${"]".repeat(20)}`)?.[0]).toBe("invalid_number");
  expect(faultOf(deep.slice(0, -1))).toEqual(["invalid_json", deep.length - 1]);
  expect(faultOf("[".repeat(500_000))?.[0]).toBe("invalid_json");
});

test("P1.3 __proto__ is a member like any other", () => {
  const read = parseStrict(utf8('{"__proto__":{"x":1},"a":2}'), LIMITS);
  const value = read.ok ? read.value : null;
  expect(Object.keys(Object(value))).toEqual(["__proto__", "a"]);
  expect(Object(value).x).toBeUndefined();
  expect(canonical(value)).toBe('{"__proto__":{"x":1},"a":2}');
});

test("P1.1 what JSON.parse reads is read the same, unless it is refused for a reason", () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 6 }),
      fc.nat(200),
      fc.string({ maxLength: 3 }),
      (text, at, x) => {
        const changed = text.slice(0, at) + x + text.slice(at);
        const read = parseStrictText(changed, LIMITS);
        let value: unknown;
        let isJson = true;
        try {
          value = JSON.parse(changed);
        } catch {
          isJson = false;
        }
        if (read.ok) expect(read.value).toEqual(value);
        else if (!isJson) expect(["invalid_json", "invalid_utf8"]).toContain(read.fault);
        else expect(read.fault).not.toBe("invalid_json");
        if (!isJson) expect(read.ok).toBe(false);
      },
    ),
    RUNS,
  );
});
