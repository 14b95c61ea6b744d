/** The quick way of a token: what it finds is what the full parser finds. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TOKEN_BYTES_MAX } from "./limits.ts";
import { parseClientFrame } from "./parse.ts";
import { bytesOf, nearTheLimit, sizeOf, textOf, texts, token } from "./testing/frame-texts.ts";
import { type DataSpan, findTokenData } from "./token-data.ts";

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

  test("§4.3 a character that needs an escape is seen wherever it is in a long token, and nothing else is", () => {
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

  test("§4.3 escapes are read from the bytes, and a string is found exactly when the full parser takes it", () => {
    const units = fc.constantFrom(
      ...["\\n", '\\"', "\\\\", "\\/", "\\u00e9", "\\u20AC", "\\ud83d", "\\ude00", "\\u0000"],
      ...["\\x", "\\u12", "\\u12g4", "\\", "\n", "é", "😀", "a", "u0041"],
    );
    const strings = fc.array(units, { maxLength: 12 }).map((parts) => parts.join(""));
    const near = fc
      .tuple(
        fc.constantFrom("\\ud83d\\ude00", "\\ud83d", "\\u00e9", "\\u0061"),
        fc.integer({ min: -2, max: 2 }),
      )
      .map(([unit, over]) => unit.repeat(Math.floor((TOKEN_BYTES_MAX + over) / sizeOf(unit))));
    const tails = fc.constantFrom("", "a", "ab", "\\n");
    const data = fc.oneof({ weight: 40, arbitrary: strings }, { weight: 1, arbitrary: near });
    fc.assert(
      fc.property(
        fc.tuple(data, tails).map((parts) => parts.join("")),
        (inside) => {
          for (const text of [
            `{"type":"token","data":"${inside}"}`,
            `{"type": "token", "data": "${inside}"}`,
          ]) {
            const span: DataSpan = { start: 0, end: 0 };
            const bytes = bytesOf(text);
            const frame = parseClientFrame(text);
            expect(findTokenData(bytes, span)).toBe(typeof frame === "object");
            if (typeof frame === "string") continue;
            expect(frame).toEqual({
              type: "token",
              data: textOf(bytes.subarray(span.start, span.end)),
            });
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test("§4.3 plain tokens in the two common spellings are found, up to the limit", () => {
    const span: DataSpan = { start: 0, end: 0 };
    for (const data of ["", "a", "é😀", "a".repeat(TOKEN_BYTES_MAX)]) {
      expect(findTokenData(bytesOf(token(data)), span)).toBe(true);
      expect(findTokenData(bytesOf(`{"type": "token", "data": "${data}"}`), span)).toBe(true);
    }
    expect(findTokenData(bytesOf(token("a".repeat(TOKEN_BYTES_MAX + 1))), span)).toBe(false);
    expect(findTokenData(bytesOf(token("a\n")), span)).toBe(true);
    expect(findTokenData(bytesOf('{"type":"token","data":"}'), span)).toBe(false);
    expect(findTokenData(new Uint8Array(), span)).toBe(false);
  });
});
