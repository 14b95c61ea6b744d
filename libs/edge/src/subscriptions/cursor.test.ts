import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cursor, formatCursor, parseCursor, tagOf } from "./cursor.ts";
import { SEEN_STREAMS_MAX } from "./log-position.ts";

const cursor: fc.Arbitrary<Cursor> = fc.record({
  streamName: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/),
  tag: fc.string({ maxLength: 40 }).map(tagOf),
  incarnation: fc.stringMatching(/^[A-Za-z0-9_-]{8}$/),
  position: fc.record({ next: fc.maxSafeNat(), unsure: fc.boolean() }),
  log: fc.option(
    fc.record({
      cursor: fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/),
      seen: fc
        .dictionary(fc.stringMatching(/^[0-9a-f]{6}$/), fc.stringMatching(/^\d{1,16}-\d{1,16}$/), {
          maxKeys: SEEN_STREAMS_MAX,
        })
        .map((seen) => new Map(Object.entries(seen))),
    }),
  ),
});

test("a cursor comes back from its text as it was", () => {
  fc.assert(
    fc.property(cursor, (value) => {
      expect(parseCursor(formatCursor(value))).toEqual(value);
    }),
  );
});

test("a text that no subscription gave is no cursor, and never throws", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseCursor(text)).toBeNull();
    }),
  );
  const good = "c1~me~abcdefgh~ijklmnop~5k";
  expect(parseCursor(good)).not.toBeNull();
  const isOdd = [`${good}~`, `${good}~a.b`, `${good}~a~x`, `${good}~a~abcdef1-1~3`];
  const damaged = ["", "c2", good.slice(0, -3), good.toUpperCase(), ...isOdd];
  for (const text of damaged) expect(parseCursor(text), text).toBeNull();
  expect(parseCursor(good.replace("5k", "zzzzzzzzzzz"))).toBeNull();
  expect(parseCursor(good.replace("me", "m".repeat(300)))).toBeNull();
});
