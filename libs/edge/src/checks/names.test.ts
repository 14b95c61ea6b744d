import fc from "fast-check";
import { expect, test } from "vitest";
import { automaticName, isStreamName } from "./names.ts";

test("§1.1 an automatic name is a stream name, whatever the program is called", () => {
  fc.assert(
    fc.property(fc.option(fc.string({ unit: "binary" })), fc.string(), (client, seed) => {
      expect(isStreamName(automaticName(client ?? undefined, seed))).toBe(true);
    }),
  );
});

test("it is the slug of the program and 4 letters or digits of the seed, the same each time, and another at each attempt", () => {
  expect(automaticName("Claude Code / 1.2", "s1")).toMatch(/^claude-code-1-2-[a-z2-9]{4}$/);
  expect(automaticName("Claude", "s1")).toBe(automaticName("Claude", "s1"));
  expect(automaticName("Claude", "s1")).not.toBe(automaticName("Claude", "s2"));
  expect(automaticName("Claude", "s1", 1)).not.toBe(automaticName("Claude", "s1"));
  expect(automaticName("测试", "s1")).toMatch(/^agent-/);
});

test("§4.4.4 no more of a program's name is read than its first characters: accents sort in quadratic time", () => {
  expect(automaticName(`${"\u0301".repeat(1_000)}late`, "s1")).toMatch(/^agent-/);
});
