/** JSON that is carried and not understood: nothing changes but white space, and sizes are true. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import {
  joinMembers,
  readJson,
  readMembers,
  toJsonText,
  trustJsonText,
  utf8Bytes,
  withFewestEscapes,
} from "./json.ts";
import { JSON_DEPTH_MAX, JSON_TOKENS_MAX } from "./limits.ts";

const json = fc.jsonValue({ maxDepth: 5, stringUnit: "binary" });
const spaces = fc
  .array(fc.constantFrom(" ", "\n", "\r", "\t"), { maxLength: 3 })
  .map((s) => s.join(""));

/** The text with white space put between its tokens. */
function spread(text: string, space: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|[[\]{},:]/g, (token) => `${space}${token}${space}`);
}

test("§1.7 a value comes back as compact as JSON.stringify writes it", () => {
  fc.assert(
    fc.property(json, spaces, (value, space) => {
      const compact = JSON.stringify(value);
      const read = readJson(spread(compact, space));
      expect(read?.text).toBe(compact);
    }),
    { numRuns: 2_000 },
  );
});

test("§2.3.3 the size is that of the compact JSON in UTF-8, however the text spells it", () => {
  fc.assert(
    fc.property(json, spaces, fc.boolean(), (value, space, escaped) => {
      const compact = JSON.stringify(value);
      const text = escaped ? escapeLetters(compact) : compact;
      expect(readJson(spread(text, space))?.bytes).toBe(Buffer.byteLength(compact));
    }),
    { numRuns: 2_000 },
  );
});

test("§1.7 a number keeps every digit", () => {
  const digits = fc.stringMatching(/^-?(?:0|[1-9]\d{0,40})(?:\.\d{1,40})?(?:[eE][+-]?\d{1,4})?$/);
  fc.assert(
    fc.property(digits, (number) => {
      expect(readJson(number)).toEqual({ text: number, bytes: number.length });
      expect(readJson(` [ ${number} , {"a" : ${number}}]`)?.text).toBe(
        `[${number},{"a":${number}}]`,
      );
    }),
  );
});

test("§1.7 text that JSON.parse refuses is refused, and no text makes it throw", () => {
  const shards = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "1",
    "-",
    "e",
    ".",
    "tru",
    "true",
    " ",
    "\u0000",
    "é",
    "\ud800",
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(shards, { maxLength: 12 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const value = parsed(text);
      const read = readJson(text);
      expect(read === null).toBe(value === undefined);
      if (read !== null) expect(JSON.stringify(JSON.parse(read.text))).toBe(JSON.stringify(value));
    }),
    { numRuns: 4_000 },
  );
});

test("§1.8 128 levels are read and 129 are not, for objects, arrays and both", () => {
  const nest = (levels: number, open: string, inner: string, close: string) =>
    open.repeat(levels) + inner + close.repeat(levels);
  for (const [open, inner, close] of [
    ["[", "", "]"],
    ['{"a":', "1", "}"],
  ] as const) {
    expect(readJson(nest(JSON_DEPTH_MAX, open, inner, close))).not.toBeNull();
    expect(readJson(nest(JSON_DEPTH_MAX + 1, open, inner, close))).toBeNull();
  }
  expect(readJson(`[${nest(64, '[{"a":', "1", "}]")}]`)).toBeNull();
  expect(readJson(nest(64, '[{"a":', "1", "}]"))).not.toBeNull();
  expect(readJson(nest(200_000, "[", "", "]"))).toBeNull();
  expect(readJson(`[${"[],".repeat(1_000)}[]]`)).not.toBeNull();
});

test("§2.1.2 JSON tokens are counted, and no more than the limit are looked at", () => {
  const work = { tokens: 0 };
  expect(readMembers('{"a": [1, -2.5e3, true], "b": "c"}', 15, work)?.size).toBe(2);
  expect(work.tokens).toBe(15);
  expect(readMembers('{"a": [1, -2.5e3, true], "b": "c"}', 14, work)).toBeNull();
  expect(work.tokens).toBe(14);
  expect(readJson(`[${"0,".repeat(JSON_TOKENS_MAX / 2 - 2)}0]`)).not.toBeNull();
  expect(readJson(`[${"0,".repeat(JSON_TOKENS_MAX / 2 - 1)}0]`)).toBeNull();
});

test("§1.8 too many tokens and too many levels are refused before JSON.parse sees the text", () => {
  const parse = vi.spyOn(JSON, "parse");
  try {
    expect(readJson("[".repeat(1_000))).toBeNull();
    expect(readJson("0,".repeat(JSON_TOKENS_MAX))).toBeNull();
    expect(parse).not.toHaveBeenCalled();
  } finally {
    parse.mockRestore();
  }
});

test("§1.9 members are those that JSON.parse finds, of a doubled key the last", () => {
  const key = fc.constantFrom("a", "b", "__proto__", "é", '"', "\\");
  fc.assert(
    fc.property(fc.array(fc.tuple(key, json)), spaces, (pairs, space) => {
      const text = `{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(",")}}`;
      const members = readMembers(spread(text, space));
      const last = new Map(pairs.map(([k, v]) => [k, JSON.stringify(v)]));
      expect(members?.size).toBe(last.size);
      for (const [k, v] of last) {
        expect(members?.get(k)).toEqual({ text: v, bytes: Buffer.byteLength(v) });
      }
    }),
    { numRuns: 1_000 },
  );
});

test("§4.4 only an object has members", () => {
  for (const text of ["[]", "1", '"a"', "null", "", "{", '{"a":1}}']) {
    expect(readMembers(text), text).toBeNull();
  }
  expect(readMembers("{}")?.size).toBe(0);
});

test("§4.3.1 UTF-8 is counted as encoders count it, a lone surrogate as 3 bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
    }),
  );
  for (const text of [
    "\ud800",
    "\udc00",
    "\ud800\ud800",
    "\udc00\ud800",
    "a\ud800b",
    "\ud83d\ude00",
  ]) {
    expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
  }
});

test("§4.5 joined members are JSON in the order given, without the absent ones", () => {
  const text = joinMembers({ b: toJsonText("x\n"), a: undefined, é: toJsonText([]) });
  expect(text).toBe('{"b":"x\\n","é":[]}');
});

/** The same JSON with every small letter inside its strings written as an escape. */
function escapeLetters(compact: string): string {
  return compact.replace(/"(?:[^"\\]|\\.)*"/g, (string) =>
    string.replace(/\\u[0-9a-f]{4}|\\.|[a-z]/g, (unit) =>
      unit.length === 1 ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}` : unit,
    ),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

test("§4.3 metadata is rewritten with the fewest escapes: its value, keys and numbers stay", () => {
  const spelled = (text: string) =>
    text.replace(
      /[g-tv-z]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  const words = fc.stringMatching(/^[\d g-tv-z]{0,20}$/);
  fc.assert(
    fc.property(fc.dictionary(words, fc.oneof(words, fc.array(words))), (value) => {
      const text = JSON.stringify(value);
      expect(withFewestEscapes(trustJsonText(spelled(text)))).toBe(text);
    }),
  );
  const kept = '{"a":12345678901234567890.10,"\\ud800":[-0,1.50,"\\"\\\\"],"a":1}';
  expect(withFewestEscapes(trustJsonText(kept))).toBe(kept);
});
