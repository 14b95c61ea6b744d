// A token becomes a frame: the same frame that JSON would have made, from text that nobody has
// read.
import type { RosterEntry } from "@ams/directory";
import type { StreamIdentity } from "@ams/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchWriter, walkBatch } from "../bus/batch.ts";
import { entryOf, json } from "../testing/fakes.ts";
import { emitToken, prepareHead } from "./token-frame.ts";

const MS = Date.UTC(2026, 0, 31, 12, 0, 7, 5);

function emit(stream: RosterEntry, data: string, place = { epoch: 2, n: 1, ms: MS }) {
  const batch = new BatchWriter(Buffer.alloc(8));
  const bytes = Buffer.from(`-${data}-`);
  const frame = emitToken(batch, prepareHead(stream), place, bytes, 1, bytes.length - 1);
  return { frame: frame.toString(), batch };
}

function parsed(stream: StreamIdentity, data: unknown, seq: string, ts: string) {
  const { stream_id, stream_name, owner_account_id, peer_identity } = stream;
  const identity = peer_identity === null ? {} : { peer_identity: JSON.parse(peer_identity) };
  return { type: "token", stream_id, stream_name, owner_account_id, ...identity, ts, seq, data };
}

test("§4.5.2 a token frame holds exactly the members of the protocol, with the data as it was", () => {
  const place = fc.record({
    epoch: fc.integer({ min: 1, max: 2 ** 31 }),
    n: fc.integer({ min: 1, max: 2 ** 40 }),
    ms: fc.integer({ min: 0, max: Date.UTC(9_999, 11, 31) }),
  });
  const identity = fc.constantFrom(null, json('{"kind":"agent","model":"m \\u00e9"}'));
  const data = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(data, place, identity, (text, { epoch, n, ms }, peer_identity) => {
      const stream = entryOf(1, epoch, { peer_identity });
      const { frame } = emit(stream, JSON.stringify(text), { epoch, n, ms });
      const ts = new Date(ms).toISOString();
      expect(JSON.parse(frame)).toEqual(parsed(stream, text, `${epoch}-${n}`, ts));
    }),
  );
});

test.each([
  ["escapes", '"a\\"b\\\\c\\n\\u0000\\u2028"'],
  ["escaped letters stay escaped", '"\\u0041\\/"'],
  ["a lone surrogate", '"\\ud800"'],
  ["the empty string", '""'],
])("§4.3.1 %s: the data is carried byte for byte", (_name, data) => {
  expect(emit(entryOf(1, 2), data).frame.endsWith(`"seq":"2-1","data":${data}}`)).toBe(true);
});

test("§4.3.1 65,536 bytes of data pass whole, also when each is escaped to six", () => {
  for (const data of [`"${"x".repeat(65_536)}"`, `"${"\\u0001".repeat(65_536)}"`]) {
    const { frame, batch } = emit(entryOf(1, 2), data);
    expect(JSON.parse(frame).data).toBe(JSON.parse(data));
    const seen: string[] = [];
    expect(
      walkBatch(batch.take() ?? Buffer.alloc(0), (...[, , , each]) => seen.push(each.toString())),
    ).toBe(true);
    expect(seen).toEqual([frame]);
  }
});

test("frames of one turn lie behind each other in the batch and don't touch each other", () => {
  const batch = new BatchWriter(Buffer.alloc(8));
  const written: string[] = [];
  for (let n = 1; n <= 50; n += 1) {
    const stream = entryOf(n % 3, n % 3);
    const data = Buffer.from(JSON.stringify("é".repeat(n * 10)));
    const place = { epoch: n % 3, n, ms: MS + n };
    written.push(emitToken(batch, prepareHead(stream), place, data, 0, data.length).toString());
  }
  const seen: string[] = [];
  walkBatch(batch.take() ?? Buffer.alloc(0), (...[, , , frame]) => seen.push(frame.toString()));
  expect(seen).toEqual(written);
});
