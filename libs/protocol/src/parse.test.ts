/** The hand parser of client frames: what it accepts, and that it and the schema agree on every text. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FRAME_JSON_TOKENS_MAX,
  METADATA_BYTES_MAX,
  OTHER_FRAME_BYTES_MAX,
  TOKEN_BYTES_MAX,
  TOKEN_FRAME_BYTES_MAX,
} from "./limits.ts";
import { type DataSpan, findTokenData, isExtension, parseClientFrame } from "./parse.ts";
import { clientFrame, clientFrameText } from "./schema.ts";

const KNOWN = ["token", "set_metadata", "ping"];
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
const token = (data: string) => JSON.stringify({ type: "token", data });

/** Pieces that frames are made of, and that break them. */
const pieces = fc.constantFrom(
  '{"type":"token","data":"',
  '{"type": "token", "data": "',
  '{"type":"x_',
  '{ "type" :\n"x_a"',
  '"}',
  "{",
  "}",
  "[",
  "]",
  '"',
  ",",
  ":",
  " ",
  "\n",
  "\\",
  "\\u0074",
  "\\ud800",
  "\\udc00",
  "é",
  "😀",
  "\u0000",
  "\u001f",
  "\u2028",
  "\ufeff",
  '"type"',
  '"ty\\u0070e"',
  '"token"',
  '"tok\\u0065n"',
  '"set_metadata"',
  '"ping"',
  '"x_y"',
  '"__proto__"',
  '"data"',
  '"metadata"',
  "null",
  "1e400",
  "1.50",
  "-0",
  "0x1",
  "NaN",
);
const soup = fc.array(pieces, { maxLength: 24 }).map((parts) => parts.join(""));

const value = fc.jsonValue({ maxDepth: 4 });
const member = fc.tuple(
  fc.constantFrom('"type"', '"ty\\u0070e"', '"data"', '"metadata"', '"x"', '"__proto__"'),
  fc.oneof(
    fc.constantFrom('"token"', '"ping"', '"set_metadata"', '"x_a"', '"no"', '"t\\u006fken"', "{}"),
    fc.constantFrom('"\\ud800"', "[]", "12345678901234567890", '{"a":1,"a":2.50}', "null"),
    value.map((json) => JSON.stringify(json)),
  ),
);
/** Objects whose keys may stand twice, with white space where JSON allows it. */
const almostFrames = fc
  .tuple(fc.array(member, { maxLength: 6 }), fc.constantFrom("", " ", "\n\t "))
  .map(([members, gap]) => `{${members.map(([k, v]) => `${gap}${k}${gap}:${gap}${v}`).join(",")}}`);

/** A well-formed frame with one stretch cut out or something put in. */
const mutated = fc
  .tuple(almostFrames, fc.nat(), fc.nat(8), fc.oneof(pieces, fc.constant("")))
  .map(([text, at, cut, put]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + put + text.slice(place + cut);
  });

/** Token data whose UTF-8 comes out a few bytes around the limit. */
const nearTheLimit = fc
  .tuple(
    fc.constantFrom("a", "é", "€", "😀", "\\n", "\\u20ac", "\\ud800", '\\"', "\\ud83d\\ude00"),
    fc.integer({ min: -4, max: 4 }),
    fc.boolean(),
  )
  .map(([unit, over, spaced]) => {
    const size = new Map([["\\ud800", 3]]).get(unit) ?? bytesOf(JSON.parse(`"${unit}"`)).length;
    const wanted = TOKEN_BYTES_MAX + over;
    const data = unit.repeat(Math.floor(wanted / size)) + "b".repeat(wanted % size);
    return spaced ? `{"type": "token", "data": "${data}"}` : `{"type":"token","data":"${data}"}`;
  });

/** Metadata whose compact text comes out a few bytes around the limit, in digits or in text. */
const nearTheMetadataLimit = fc
  .tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom("digits", "text", "doubled", "escaped"))
  .map(([over, form]) => {
    const inside = METADATA_BYTES_MAX + over - '{"a":}'.length;
    if (form === "digits") return `{"type":"set_metadata","metadata":{"a": ${"1".repeat(inside)}}}`;
    if (form === "text") return setMetadata(`{ "a":"${"é".repeat((inside - 2) >> 1)}" }`);
    if (form === "escaped") return setMetadata(`{"\\u0061":"${"\\u0062".repeat(inside - 2)}"}`);
    return setMetadata(`{"a":1,"a":"${"b".repeat(inside - 8)}"}`);
  });
const escapedMetadata = () => `{"a":"${"\\u0062".repeat(METADATA_BYTES_MAX - 8)}"}`;
function setMetadata(metadata: string): string {
  return `{"metadata":${metadata},"type":"set_metadata"}`;
}

const deep = fc
  .tuple(fc.integer({ min: 125, max: 131 }), fc.constantFrom("[", '{"a":'))
  .map(([levels, open]) => {
    const close = open === "[" ? "]" : "}";
    const inner = open === "[" ? "" : '"b"';
    const nest = open.repeat(levels) + inner + close.repeat(levels);
    return `{"type":"ping","deep":${nest},"deep":1}`;
  });

const texts = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
  { weight: 4, arbitrary: soup },
  { weight: 8, arbitrary: almostFrames },
  { weight: 8, arbitrary: mutated },
  { weight: 4, arbitrary: value.map((json) => JSON.stringify(json)) },
  { weight: 1, arbitrary: nearTheLimit },
  { weight: 1, arbitrary: nearTheMetadataLimit },
  { weight: 1, arbitrary: deep },
);

describe("parseClientFrame", () => {
  test("§4.4 the hand parser and the schema agree on every text", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const frame = parseClientFrame(text);
        const expected = clientFrameText.safeParse(text);
        expect(typeof frame === "object").toBe(expected.success);
        if (typeof frame === "object") expectSame(frame, text);
        else expect(frame).toBe(faultOf(text));
      }),
      { numRuns: 4_000 },
    );
  });

  test("§4.4 the hand parser and the schema of values agree on every value", () => {
    const frames = fc.oneof(
      value,
      fc.record({
        type: fc.oneof(fc.constantFrom(...KNOWN, "x_a", "x", ""), value),
        data: fc.oneof(fc.string({ unit: "binary" }), value),
        metadata: fc.oneof(fc.object({ maxDepth: 3 }), value),
      }),
    );
    fc.assert(
      fc.property(frames, (frame) => {
        const text = JSON.stringify(frame);
        const parsed = parseClientFrame(text);
        const expected = clientFrame.safeParse(JSON.parse(text));
        expect(typeof parsed === "object").toBe(expected.success);
      }),
      { numRuns: 2_000 },
    );
  });

  test("§4.3.1 data of exactly 65,536 bytes is a token and one byte more is not, however it is spelled", () => {
    const units = ["a", "é", "€", "😀", "\n", '"', "\u2028"];
    for (const unit of units) {
      const size = bytesOf(unit).length;
      const fits =
        unit.repeat(Math.floor(TOKEN_BYTES_MAX / size)) + "b".repeat(TOKEN_BYTES_MAX % size);
      expect(parseClientFrame(token(fits))).toMatchObject({ type: "token" });
      expect(parseClientFrame(token(`${fits}b`))).toBe("malformed_frame");
    }
    const surrogates = `{"type":"token","data":"${"\\ud800".repeat(21_845)}b"}`;
    expect(parseClientFrame(surrogates)).toMatchObject({ type: "token" });
    expect(parseClientFrame(surrogates.replace("b", "bb"))).toBe("malformed_frame");
  });

  test("§1.9 of a key that stands twice the last one counts", () => {
    expect(parseClientFrame('{"type":"ping","type":"token","data":1,"data":"b"}')).toEqual({
      type: "token",
      data: '"b"',
    });
    expect(parseClientFrame('{"type":"token","data":"a","data":1}')).toBe("malformed_frame");
  });

  test("§1.7 data and metadata stay as their author wrote them, but for white space between tokens", () => {
    expect(parseClientFrame('{"data" : "\\u0041\\ud800 \\/ b" , "type":"token"}')).toEqual({
      type: "token",
      data: '"\\u0041\\ud800 \\/ b"',
    });
    const frame =
      '{"type":"set_metadata","metadata":{ "b" : 1.50e+3, "a":[ 12345678901234567890 ] }}';
    expect(parseClientFrame(frame)).toEqual({
      type: "set_metadata",
      metadata: '{"b":1.50e+3,"a":[12345678901234567890]}',
    });
  });

  test("§4.2 a type that begins with x_ is tolerated, §4.4.1 another unknown one is not", () => {
    expect(parseClientFrame('{"type":"x_"}')).toEqual({ type: "extension" });
    expect(parseClientFrame('{"type":"X_a"}')).toBe("unknown_frame_type");
    expect(parseClientFrame('{"type":"Token","data":"a"}')).toBe("unknown_frame_type");
    expect(parseClientFrame('{"type":""}')).toBe("unknown_frame_type");
    expect(parseClientFrame('{"type":"joined"}')).toBe("unknown_frame_type");
  });

  test("§4.4 what is no frame is malformed", () => {
    const bad = ["", " ", "null", "[]", '"token"', "{}", '{"type":1}', '{"type":null}', "{'a':1}"];
    const tokens = ['{"type":"token"}', '{"type":"token","data":{}}', '{"type":"token","data":"a"'];
    const more = ['{"type":"ping"}x', '\ufeff{"type":"ping"}', '{"__proto__":{"type":"ping"}}'];
    const sets = ['{"type":"set_metadata"}', '{"type":"set_metadata","metadata":[]}'];
    for (const text of [...bad, ...tokens, ...more, ...sets]) {
      expect(parseClientFrame(text), text).toBe("malformed_frame");
    }
  });
});

describe("§4.4.6 what a frame costs is bounded before it is read", () => {
  const padded = (frame: (padding: string) => string, bytes: number) =>
    frame("x".repeat(bytes - frame("").length));
  const ping = (padding: string) => `{"type":"ping","d":"${padding}"}`;
  const spaced = (padding: string) => `{"data":"e\\u0073c","d":"${padding}","type":"token"}`;

  test.each([
    ["a ping of 128 KiB", padded(ping, OTHER_FRAME_BYTES_MAX), { type: "ping" }],
    ["a ping of one byte more", padded(ping, OTHER_FRAME_BYTES_MAX + 1), "malformed_frame"],
    ["a token in an unusual spelling of 512 KiB", padded(spaced, TOKEN_FRAME_BYTES_MAX), "token"],
    ["one of one byte more", padded(spaced, TOKEN_FRAME_BYTES_MAX + 1), "malformed_frame"],
    ["an unknown type of 128 KiB and a byte", ping("y".repeat(131_072)), "malformed_frame"],
    ["metadata of 16 KiB, all escapes", setMetadata(escapedMetadata()), "set_metadata"],
    ["a token of 64 KiB, all escapes", token("\u0000".repeat(65_536)), "token"],
  ])("%s", (_what, text, expected) => {
    const frame = parseClientFrame(text);
    if (typeof expected === "object" || expected === "malformed_frame") {
      expect(frame).toEqual(expected);
    } else expect(frame).toMatchObject({ type: expected });
  });

  test("a frame of more JSON tokens than any right one has is refused at that many", () => {
    const nested = (count: number) => `{"type":"ping","d":[${"[],".repeat(count)}[]]}`;
    const work = { tokens: 0 };
    expect(parseClientFrame(nested(8_188), undefined, work)).toEqual({ type: "ping" });
    expect(work.tokens).toBe(FRAME_JSON_TOKENS_MAX);
    expect(parseClientFrame(nested(8_189), undefined, work)).toBe("malformed_frame");
    expect(work.tokens).toBe(FRAME_JSON_TOKENS_MAX);
    const densest = setMetadata(`{"a":[${"0,".repeat(8_187)}0]}`);
    expect(parseClientFrame(densest, undefined, work)).toMatchObject({ type: "set_metadata" });
    expect(work.tokens).toBeLessThan(FRAME_JSON_TOKENS_MAX);
  });

  test("§4.2 a frame whose first member is a type of x_ is passed over unread, whatever follows", () => {
    for (const text of ['{"type":"x_a","d":', ' {\n"type" : "x_', '{"type":"x_","type":"token"']) {
      expect(isExtension(bytesOf(text)), text).toBe(true);
      expect(parseClientFrame(text)).toEqual({ type: "extension" });
    }
    const later = `{"d":"${"y".repeat(131_072)}","type":"x_a"}`;
    for (const text of [
      later,
      '{"ty\\u0070e":"x_a"',
      '{"type":"X_a"}',
      '{"type":"x',
      '["type":"x_',
    ]) {
      expect(isExtension(bytesOf(text)), text).toBe(false);
      expect(parseClientFrame(text)).not.toEqual({ type: "extension" });
    }
    expect(parseClientFrame('{"d":1,"type":"x_a"}')).toEqual({ type: "extension" });
  });

  test("§4.2 what the bytes show to be an extension is what the parser takes for one", () => {
    fc.assert(
      fc.property(texts, (text) => {
        if (isExtension(bytesOf(text)))
          expect(parseClientFrame(text)).toEqual({ type: "extension" });
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("findTokenData", () => {
  test("§4.3 what the quick way finds is what the full parser finds", () => {
    const quick = fc
      .tuple(fc.constantFrom('{"type":"token","data":"', '{"type": "token", "data": "'), texts)
      .map(([head, text]) => `${head}${text.replaceAll(/["\\]/g, "")}"}`);
    let found = 0;
    fc.assert(
      fc.property(fc.oneof(texts, quick, nearTheLimit), (text) => {
        const span: DataSpan = { start: 0, end: 0 };
        const bytes = bytesOf(text);
        if (!findTokenData(bytes, span)) return;
        found += 1;
        const data = textOf(bytes.subarray(span.start, span.end));
        expect(parseClientFrame(textOf(bytes))).toEqual({ type: "token", data });
      }),
      { numRuns: 3_000 },
    );
    expect(found).toBeGreaterThan(100);
  });

  test("§4.3 a character that needs an escape is seen wherever it stands in a long token, and nothing else is", () => {
    const anywhere = fc.record({
      length: fc.integer({ min: 1, max: 600 }),
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 0xff }),
      fill: fc.constantFrom(0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff),
      offset: fc.integer({ min: 0, max: 7 }),
    });
    const head = new TextEncoder().encode('{"type":"token","data":"');
    fc.assert(
      fc.property(anywhere, ({ length, at, byte, fill, offset }) => {
        const frame = new Uint8Array(offset + head.length + length + 2).subarray(offset);
        frame.set(head);
        frame.fill(fill, head.length, head.length + length);
        frame[head.length + (at % length)] = byte;
        frame.set([0x22, 0x7d], head.length + length);
        const isSpecial = byte < 0x20 || byte === 0x22 || byte === 0x5c;
        expect(findTokenData(frame, { start: 0, end: 0 })).toBe(!isSpecial);
      }),
      { numRuns: 3_000 },
    );
  });

  test("§4.3 plain tokens in the two common spellings are found, up to the limit", () => {
    const span: DataSpan = { start: 0, end: 0 };
    for (const data of ["", "a", "é😀", "a".repeat(TOKEN_BYTES_MAX)]) {
      expect(findTokenData(bytesOf(token(data)), span)).toBe(true);
      expect(findTokenData(bytesOf(`{"type": "token", "data": "${data}"}`), span)).toBe(true);
    }
    expect(findTokenData(bytesOf(token("a".repeat(TOKEN_BYTES_MAX + 1))), span)).toBe(false);
    expect(findTokenData(bytesOf(token("a\n")), span)).toBe(false);
    expect(findTokenData(bytesOf('{"type":"token","data":"}'), span)).toBe(false);
    expect(findTokenData(new Uint8Array(), span)).toBe(false);
  });
});

/** The frame says what `JSON.parse` says of the same text. */
function expectSame(frame: Exclude<ReturnType<typeof parseClientFrame>, string>, text: string) {
  if (frame.type === "extension" && isExtension(bytesOf(text))) return;
  const parsed = JSON.parse(text);
  if (frame.type === "extension") expect(parsed.type).toMatch(/^x_/);
  else expect(parsed.type).toBe(frame.type);
  if (frame.type === "token") expect(JSON.parse(frame.data)).toBe(parsed.data);
  if (frame.type === "set_metadata") {
    expect(JSON.stringify(JSON.parse(frame.metadata))).toBe(JSON.stringify(parsed.metadata));
  }
}

/** Which fault a refused text has, by `JSON.parse` alone. */
function faultOf(text: string): string {
  let type: unknown;
  try {
    type = JSON.parse(text)?.type;
  } catch {
    return "malformed_frame";
  }
  if (typeof type !== "string" || KNOWN.includes(type) || type.startsWith("x_"))
    return "malformed_frame";
  return "unknown_frame_type";
}
