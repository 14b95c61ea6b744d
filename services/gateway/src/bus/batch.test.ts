// The form in which frames travel between gateways: what goes in comes out, and nothing else ever
// does.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  BATCH_VERSION,
  BatchWriter,
  batchTimeMs,
  type FrameKind,
  isForeignBatch,
  walkBatch,
} from "./batch.ts";

const ORIGIN = Buffer.from("01234567");
const OTHER = Buffer.from("76543210");

const frames = fc.array(
  fc.record({
    epoch: fc.integer({ min: 0, max: 0xffff_ffff }),
    n: fc.oneof(
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 2 ** 32 - 2, max: 2 ** 32 + 2 }),
      fc.maxSafeInteger().map(Math.abs),
    ),
    kind: fc.constantFrom("token" as const, "stream_metadata" as const),
    frame: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 0, max: 9_000 }).map((bytes) => new Uint8Array(bytes).fill(bytes)),
    ),
  }),
  { maxLength: 30 },
);

type Entry = { epoch: number; n: number; kind: FrameKind; frame: Uint8Array };

function fill(writer: BatchWriter, entries: readonly Entry[]) {
  for (const { epoch, n, kind, frame } of entries) {
    writer.append(epoch, n, kind, frame.length).set(frame);
  }
}

function read(batch: Buffer) {
  const entries: Entry[] = [];
  const whole = walkBatch(batch, (epoch, n, kind, frame) => {
    entries.push({ epoch, n, kind, frame: new Uint8Array(frame) });
  });
  return { whole, entries };
}

test("a batch gives back every frame, in order, with its epoch, n and kind, also above 2^32", () => {
  fc.assert(
    fc.property(frames, (entries) => {
      fc.pre(entries.length > 0);
      const writer = new BatchWriter(ORIGIN);
      fill(writer, entries);
      const batch = writer.take();
      expect(batch?.[0]).toBe(BATCH_VERSION);
      expect(read(batch ?? Buffer.alloc(0))).toEqual({ whole: true, entries });
    }),
  );
});

test("a writer that has nothing gives nothing, and begins anew behind each take", () => {
  const writer = new BatchWriter(ORIGIN);
  expect(writer.take()).toBeNull();
  expect(writer.bytes).toBe(0);
  writer.append(1, 1, "token", 3).write("one");
  expect(writer.bytes).toBeGreaterThan(3);
  const first = writer.take();
  expect(writer.take()).toBeNull();
  writer.append(1, 2, "token", 3).write("two");
  const second = writer.take();
  expect(read(first ?? Buffer.alloc(0)).entries.map(({ n }) => n)).toEqual([1]);
  expect(read(second ?? Buffer.alloc(0)).entries.map(({ n }) => n)).toEqual([2]);
});

test("an appended place stays the batch's own until the batch is taken, however the batch grows", () => {
  const writer = new BatchWriter(ORIGIN);
  for (let n = 1; n <= 200; n += 1) writer.append(7, n, "token", 100).fill(n);
  const { whole, entries } = read(writer.take() ?? Buffer.alloc(0));
  expect(whole).toBe(true);
  expect(entries.map(({ frame }) => frame[99])).toEqual(
    Array.from({ length: 200 }, (_, i) => i + 1),
  );
});

test("a truncated or mangled batch never throws, and a truncated one is never called whole", () => {
  const mangling = fc.record({
    entries: frames,
    cut: fc.nat(),
    at: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(mangling, ({ entries, cut, at, byte }) => {
      fc.pre(entries.length > 0);
      const writer = new BatchWriter(ORIGIN);
      fill(writer, entries);
      const batch = writer.take() ?? Buffer.alloc(0);
      const ends = new Set<number>();
      walkBatch(batch, (_epoch, _n, _kind, frame) =>
        ends.add(frame.byteOffset - batch.byteOffset + frame.length),
      );
      const length = cut % batch.length;
      const { whole, entries: seen } = read(batch.subarray(0, length));
      expect(whole).toBe(ends.has(length) || length === 17);
      expect(seen).toEqual(read(batch).entries.slice(0, seen.length));
      const mangled = Buffer.from(batch);
      mangled[at % batch.length] = byte;
      read(mangled);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(() => read(Buffer.from(bytes))).not.toThrow();
    }),
  );
});

test("a batch reports its origin and the time of its first frame; bytes too few to be one are foreign to nobody", () => {
  const before = performance.timeOrigin + performance.now();
  const writer = new BatchWriter(ORIGIN);
  writer.append(1, 1, "token", 1);
  const batch = writer.take() ?? Buffer.alloc(0);
  expect(isForeignBatch(batch, ORIGIN)).toBe(false);
  expect(isForeignBatch(batch, OTHER)).toBe(true);
  expect(batchTimeMs(batch)).toBeGreaterThanOrEqual(before);
  expect(batchTimeMs(batch)).toBeLessThanOrEqual(performance.timeOrigin + performance.now());
  for (let length = 0; length < 17; length += 1) {
    expect(isForeignBatch(batch.subarray(0, length), OTHER)).toBe(false);
  }
});
