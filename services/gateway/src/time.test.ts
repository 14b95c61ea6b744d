// The gateway's clock as text, and times that are read from frames.
import fc from "fast-check";
import { expect, test } from "vitest";
import { readIso, toIso } from "./time.ts";

test("§4.6.2 a time in a frame is read as it was written, wherever it lies", () => {
  const times = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
  const pairs = fc.tuple(times, fc.integer({ min: 0, max: 2_000 }), fc.string({ maxLength: 40 }));
  fc.assert(
    fc.property(pairs, ([ms, later, before]) => {
      for (const one of [ms, ms + later]) {
        const frame = Buffer.from(`${before}${toIso(one)}","seq":"1-1"}`);
        expect(readIso(frame, Buffer.byteLength(before))).toBe(one);
      }
    }),
  );
});

test.each([
  "",
  "2026-01-31",
  "2026-13-31T12:00:00.000Z",
  "2026-01-31T12:00:00.000+",
  "x".repeat(40),
])("what is no time is read as none: %s", (text) =>
  expect(readIso(Buffer.from(text), 0)).toBeNaN(),
);
