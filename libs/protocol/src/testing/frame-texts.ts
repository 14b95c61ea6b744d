/** Texts that are frames, nearly frames, or none, for the tests of the parser. */
import fc from "fast-check";
import { METADATA_BYTES_MAX, TOKEN_BYTES_MAX } from "../limits.ts";

export const bytesOf = (text: string) => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array) =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
export const token = (data: string) => JSON.stringify({ type: "token", data });

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
/** Objects whose keys may occur twice, with white space where JSON allows it. */
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
export const nearTheLimit = fc
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
export const escapedMetadata = () => `{"a":"${"\\u0062".repeat(METADATA_BYTES_MAX - 8)}"}`;
export function sizeOf(unit: string): number {
  return bytesOf(JSON.parse(`"${unit}"`)).length;
}

export function setMetadata(metadata: string): string {
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

export const texts = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
  { weight: 4, arbitrary: soup },
  { weight: 8, arbitrary: almostFrames },
  { weight: 8, arbitrary: mutated },
  { weight: 4, arbitrary: value.map((json) => JSON.stringify(json)) },
  { weight: 1, arbitrary: nearTheLimit },
  { weight: 1, arbitrary: nearTheMetadataLimit },
  { weight: 1, arbitrary: deep },
);
