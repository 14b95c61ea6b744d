/**
 * The hand parser of client frames: what it accepts, and that it and the schema agree on every
 * text.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FRAME_JSON_TOKENS_MAX,
  OTHER_FRAME_BYTES_MAX,
  TOKEN_BYTES_MAX,
  TOKEN_FRAME_BYTES_MAX,
} from "./limits.ts";
import { isExtension, parseClientFrame } from "./parse.ts";
import { clientFrame, clientFrameText } from "./schema.ts";
import { bytesOf, escapedMetadata, setMetadata, texts, token } from "./testing/frame-texts.ts";

const KNOWN = ["token", "set_metadata", "ping"];

const value = fc.jsonValue({ maxDepth: 4 });

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

  test("§1.9 of a key that occurs twice the last one counts", () => {
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
