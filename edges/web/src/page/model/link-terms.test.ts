import { expect, test } from "vitest";
import { earlierOf, limitsOf } from "./link-terms.ts";

const NOW = Date.parse("2026-01-31T12:00:00.000Z");
const NONE = { readOnly: false, streamName: null, expiresAt: null, maxJoins: null };

test("§2.7.5 a link's limits are said in words", () => {
  expect(limitsOf(NONE, NOW)).toBe("no limits");
  const some = { readOnly: true, streamName: "scout", expiresAt: null, maxJoins: 5 };
  expect(limitsOf(some, NOW)).toBe("read only · only as scout · for 5 participants");
  expect(limitsOf({ ...NONE, maxJoins: 1 }, NOW)).toBe("for 1 participant");
});

test("§2.3.5 an expiry of today is a time, another one has its day, a past one says so", () => {
  const at = (ms: number) => ({ ...NONE, expiresAt: new Date(NOW + ms).toISOString() });
  expect(limitsOf(at(60_000), NOW)).toMatch(/^until \d+:\d\d( [AP]M)?$/);
  expect(limitsOf(at(5 * 86_400_000), NOW)).toMatch(/^until .*Feb.*\d:\d\d/);
  expect(limitsOf(at(-60_000), NOW)).toMatch(/^expired /);
});

test("a link ends with the conversation's links, whichever comes first", () => {
  const [early, late] = ["2026-01-31T12:00:00.000Z", "2026-01-31T13:00:00.000Z"];
  expect([earlierOf(early, late), earlierOf(late, early)]).toEqual([early, early]);
  expect([earlierOf(null, late), earlierOf(late, null), earlierOf(null, null)]).toEqual([
    late,
    late,
    null,
  ]);
});
