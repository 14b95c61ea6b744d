import { expect, test } from "vitest";
import { compose, TOKENS_MAX } from "./composing.ts";

const TOKEN = 65_536;

test.each([
  ["x", 1],
  ["x".repeat(TOKEN), 1],
  ["x".repeat(TOKEN + 1), 2],
  ["€".repeat(TOKEN), 4],
  ["x".repeat(TOKEN * TOKENS_MAX), TOKENS_MAX],
])("a text goes out as as few tokens as it needs", (text, count) => {
  const composed = compose(text);
  expect(composed.ok && composed.tokens.length).toBe(count);
  expect(composed.ok && composed.tokens.join("")).toBe(text);
});

test("one character more than is sent at once is refused with the reason", () => {
  const composed = compose("x".repeat(TOKEN * TOKENS_MAX + 1));
  expect(composed.ok ? "" : composed.why).toContain("too long");
});

test("nothing but space is not sent", () => {
  expect(compose(" \n\t ")).toEqual({ ok: false, why: "" });
});
