/**
 * What a connect asks for, read from headers or query: right values come back, wrong ones are null,
 * none throws.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readFlag, readPeerIdentity, readStreamMetadata, readSubscribeStreams } from "./connect.ts";
import {
  METADATA_HEADER_BYTES_MAX,
  PEER_IDENTITY_BYTES_MAX,
  SUBSCRIBE_STREAMS_MAX,
} from "./limits.ts";
import { peerIdentity } from "./schema.ts";

const encodings = ["base64", "base64url"] as const;
const encoding = fc.constantFrom(...encodings);
const base64 = (text: string) => Buffer.from(text).toString("base64");
const streamId = fc.stringMatching(/^str_[0-9a-f]{26}$/);

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.base64String(),
  fc.stringMatching(/^[A-Za-z0-9+/_=-]{0,40}$/),
  fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64")),
  fc.jsonValue().map((value) => base64(JSON.stringify(value))),
);

test("§3.2 no text makes a reader throw", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const metadata = readStreamMetadata(text);
      if (metadata !== null) expect(JSON.parse(metadata)).toBeTypeOf("object");
      const identity = readPeerIdentity(text);
      if (identity !== null)
        expect(peerIdentity.safeParse(JSON.parse(identity)).success).toBe(true);
      expect(readFlag(text)).toBeTypeOf("boolean");
      for (const id of readSubscribeStreams(text) ?? []) expect(id).toMatch(/^str_/);
    }),
    { numRuns: 4_000 },
  );
});

test("§3.2 base64 is read in both alphabets, with and without padding", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), encoding, (value, form) => {
      const text = JSON.stringify(value);
      fc.pre(Buffer.byteLength(text) <= METADATA_HEADER_BYTES_MAX);
      const encoded = Buffer.from(text).toString(form);
      expect(readStreamMetadata(encoded)).toBe(text);
      expect(readStreamMetadata(encoded.replace(/=+$/, ""))).toBe(text);
    }),
  );
});

test("§3.2 padding that isn't whole does no harm", () => {
  expect(readStreamMetadata(base64('{"a":1}').replace("==", "="))).toBe('{"a":1}');
});

test("§3.2 a text longer than any right one is refused before it is looked at", () => {
  const longest = base64(`{"a":"${"b".repeat(METADATA_HEADER_BYTES_MAX - 8)}"}`);
  const untouched = new Proxy(
    { length: longest.length + 3 },
    {
      get: (target, name) => (name === "length" ? target.length : expect.fail(String(name))),
    },
  );
  expect(readStreamMetadata(untouched as string)).toBeNull();
  expect(readPeerIdentity(untouched as string)).toBeNull();
  expect(readStreamMetadata(`${longest}=`)).not.toBeNull();
  expect(readStreamMetadata(`${"=".repeat(8_000)}x`)).toBeNull();
});

test("§3.3.6 stream metadata that is no JSON object, no UTF-8 or no base64 is refused", () => {
  const wrong = [
    "[]",
    "null",
    "1",
    '"a"',
    "",
    "{",
    '{"a":1}x',
    `{"a":${"[".repeat(128)}${"]".repeat(128)}}`,
  ];
  for (const text of wrong) expect(readStreamMetadata(base64(text)), text).toBeNull();
  for (const text of ["%", "e30.", "e30 ", "e", "====", "e30===", "{}"]) {
    expect(readStreamMetadata(text), text).toBeNull();
  }
  expect(
    readStreamMetadata(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]).toString("base64")),
  ).toBeNull();
  expect(readStreamMetadata(base64("\ufeff{}"))).toBeNull();
});

test("§3.2 stream metadata of 8,192 bytes is read, and not one byte more", () => {
  const text = (bytes: number) => `{"a":"${"b".repeat(bytes - 8)}"}`;
  expect(readStreamMetadata(base64(text(METADATA_HEADER_BYTES_MAX)))).not.toBeNull();
  expect(readStreamMetadata(base64(text(METADATA_HEADER_BYTES_MAX + 1)))).toBeNull();
});

test("§3.3.7 a peer identity is accepted exactly when the schema accepts it", () => {
  const texts = fc.record(
    {
      kind: fc.constantFrom("agent", "human", "Agent", "", 1, null),
      model: fc.oneof(fc.string(), fc.constantFrom(null, 1)),
      client: fc.oneof(fc.string(), fc.constantFrom({}, false)),
      more: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(texts, fc.jsonValue()), (value) => {
      const text = JSON.stringify(value);
      fc.pre(Buffer.byteLength(text) <= PEER_IDENTITY_BYTES_MAX);
      const expected = peerIdentity.safeParse(JSON.parse(text)).success ? text : null;
      expect(readPeerIdentity(base64(text))).toBe(expected);
    }),
    { numRuns: 1_000 },
  );
});

test("§3.2 a peer identity has at most 1,024 bytes", () => {
  const text = (bytes: number) => {
    const empty = '{"kind":"human","model":""}';
    return empty.replace('""', `"${"m".repeat(bytes - empty.length)}"`);
  };
  expect(readPeerIdentity(base64(text(PEER_IDENTITY_BYTES_MAX)))).not.toBeNull();
  expect(readPeerIdentity(base64(text(PEER_IDENTITY_BYTES_MAX + 1)))).toBeNull();
});

test("§3.2 a selection is its ids, each once, white space around them allowed", () => {
  fc.assert(
    fc.property(fc.array(streamId, { minLength: 1, maxLength: 20 }), (ids) => {
      expect(readSubscribeStreams([...ids, ...ids].join(" ,\t"))).toEqual([...new Set(ids)]);
    }),
  );
});

test("§3.3.7 a selection with anything but stream ids, or too many, is refused", () => {
  const id = `str_${"0".repeat(26)}`;
  for (const text of ["", ",", `${id},`, `,${id}`, "*", "lead", `${id} ${id}`, id.toUpperCase()]) {
    expect(readSubscribeStreams(text), text).toBeNull();
  }
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => `str_${n.toString(16).padStart(26, "0")}`).join(",");
  expect(readSubscribeStreams(many(SUBSCRIBE_STREAMS_MAX))).toHaveLength(SUBSCRIBE_STREAMS_MAX);
  expect(readSubscribeStreams(many(SUBSCRIBE_STREAMS_MAX + 1))).toBeNull();
});

test("§3.2 a flag is true or 1, in any case, and nothing else", () => {
  for (const text of ["1", "true", "TRUE", "True"]) expect(readFlag(text), text).toBe(true);
  for (const text of ["", "0", "false", "yes", "on", "11", "true "]) {
    expect(readFlag(text), text).toBe(false);
  }
});
