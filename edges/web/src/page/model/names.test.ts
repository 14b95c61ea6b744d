import { expect, test } from "vitest";
import { inventName, newNamespace, newStreamName, slug } from "./names.ts";

const STREAM_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

test.each([
  ["Ada", "ada"],
  ["Zoë Ångström", "zoe-angstrom"],
  ["  --x--  ", "x"],
  ["李雷", "guest"],
  ["", "guest"],
  ["\u202eevil\u202c", "evil"],
  ["a".repeat(200), "a".repeat(40)],
  [`${"\u0301".repeat(1_000)}late`, "guest"],
  [`${"a".repeat(39)} b`, "a".repeat(39)],
])("the slug of %j is %s", (name, expected) => {
  expect(slug(name)).toBe(expected);
});

test("§3.2.3 a stream name is the slug and 4 random characters, and always a stream name", () => {
  for (const name of ["Ada", "", "李雷", "x".repeat(300)]) {
    expect(newStreamName(name)).toMatch(STREAM_NAME);
  }
  expect(newStreamName("Ada")).toMatch(/^ada-[a-z2-7]{4}$/);
  expect(newStreamName("Ada", (count) => new Uint8Array(count).fill(255))).toBe("ada-7777");
  expect(newStreamName("Ada")).not.toBe(newStreamName("Ada"));
});

test("an invented name and an invented namespace are what they should be", () => {
  expect(inventName()).toMatch(/^[A-Z][a-z]+$/);
  expect(newNamespace()).toMatch(/^[a-z]+-[a-z2-7]{6}$/);
});
