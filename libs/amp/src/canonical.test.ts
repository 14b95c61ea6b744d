import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  canonicalText,
  hashOf,
  JSON_VALUES_MAX,
  publicKeyOf,
  readingsOf,
  readJson,
  signedText,
  signText,
  sourceOf,
  verifyMessage,
} from "./index.ts";

/**
 * An independent reading of the rule: it knows only values, and sorts keys by comparing UTF-16 code
 * units one by one.
 */
function secondReading(value: unknown): string {
  if (value === null || typeof value === "boolean") return `${value}`;
  if (typeof value === "number") return Object.is(value, -0) ? "0" : `${value}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) {
    let text = "[";
    for (const [index, item] of value.entries()) {
      if (index > 0) text += ",";
      text += secondReading(item);
    }
    return `${text}]`;
  }
  const members = new Map(Object.entries(Object(value)));
  const keys = Array.from(members.keys()).sort(compareUnits);
  return `{${keys.map((key) => `${JSON.stringify(key)}:${secondReading(members.get(key))}`).join()}}`;
}

function compareUnits(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const difference = a.charCodeAt(at) - b.charCodeAt(at);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function rootOf(text: string) {
  const read = readJson(text);
  if (!read.ok) throw new Error(read.fault);
  return read.json;
}

test("the canonical text agrees with an independent reading of the rule", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: "binary" }), (value) => {
      const text = JSON.stringify(value);
      expect(canonicalText(rootOf(text).root)).toBe(secondReading(JSON.parse(text)));
    }),
    { numRuns: 2_000 },
  );
});

test("white space and the order of keys never change the canonical text", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.integer({ min: 1, max: 4 }), (value, indent) => {
      const compact = canonicalText(rootOf(JSON.stringify(value)).root);
      expect(canonicalText(rootOf(JSON.stringify(value, null, indent)).root)).toBe(compact);
      expect(canonicalText(rootOf(compact).root)).toBe(compact);
    }),
    { numRuns: 1_000 },
  );
});

test("any text is either read as JSON.parse reads it, or refused", () => {
  const pieces = fc.constantFrom("{", "}", "[", "]", '"', ",", ":", "\\", "1", "-", "e", "t", " ");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const text = parts.join("");
      const read = readJson(text);
      if (read.ok) expect(sourceOf(read.json, read.json.root)).toBe(text.trim());
    }),
    { numRuns: 5_000 },
  );
});

test("a key that is there twice, a number that no double holds, and 65 levels are refused", () => {
  expect(readJson('{"a":1,"a":2}')).toEqual({ ok: false, fault: "repeated" });
  expect(readJson('{"a":1,"\\u0061":2}')).toEqual({ ok: false, fault: "repeated" });
  expect(readJson('{"a":1e999}')).toEqual({ ok: false, fault: "malformed" });
  const items = (count: number) => `[${"0,".repeat(count - 1)}0]`;
  expect(readJson(items(JSON_VALUES_MAX - 1)).ok).toBe(true);
  expect(readJson(items(JSON_VALUES_MAX))).toEqual({ ok: false, fault: "too_many" });
  expect(readJson("[".repeat(66) + "]".repeat(66))).toEqual({ ok: false, fault: "too_deep" });
  expect(readJson("[".repeat(1_000_000))).toEqual({ ok: false, fault: "malformed" });
});

test("exactly three other readings of a payload are tried", () => {
  const text = '{"a":1.0,"b":"\u007f","c":"é"}';
  const { root } = rootOf(text);
  expect(readingsOf(root)).toEqual([
    '{"a":1,"b":"\u007f","c":"é"}',
    '{"a":1.0,"b":"\u007f","c":"é"}',
    '{"a":1,"b":"\\u007f","c":"é"}',
    '{"a":1,"b":"\u007f","c":"\\u00e9"}',
  ]);
  const { privateKey } = generateKeyPairSync("ed25519");
  const key = publicKeyOf(privateKey);
  if (key === null) throw new Error("no key");
  const fields = {
    from: "a@b.c.d",
    to: "x@y.c.d",
    subject: "s",
    priority: "low",
    in_reply_to: null,
  };
  const verifies = (canonical: string) => {
    const signature = signText(privateKey, signedText(fields, hashOf(canonical)));
    return verifyMessage(key, fields, { recipients: [fields.to], payload: root }, signature);
  };
  for (const reading of readingsOf(root)) expect(verifies(reading)).toBe(fields.to);
  expect(verifies('{"a":1.0,"b":"\u007f","c":"\\u00e9"}')).toBeNull();
  expect(verifies(text.replace(",", ", "))).toBeNull();
});
