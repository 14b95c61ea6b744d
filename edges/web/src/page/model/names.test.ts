import { expect, test } from "vitest";
import { INVENTED_NAMES } from "./invented-names.ts";
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

test("there are at least 200 names to invent, all different, and each is a name", () => {
  expect(INVENTED_NAMES.length).toBeGreaterThanOrEqual(200);
  expect(new Set(INVENTED_NAMES.map((name) => name.toLowerCase())).size).toBe(
    INVENTED_NAMES.length,
  );
  for (const name of INVENTED_NAMES) expect(name).toMatch(/^[A-Z][a-z]+$/);
});

test("an invented name is one that nobody in the roster has, in whatever case", () => {
  const [free = "", ...taken] = INVENTED_NAMES;
  expect(inventName(taken.map((name) => ` ${name.toUpperCase()} `))).toBe(free);
  expect(inventName([...INVENTED_NAMES])).toMatch(/^[A-Z][a-z]+ 2$/);
  const twice = INVENTED_NAMES.flatMap((name) => [name, `${name} 2`]);
  expect(inventName(twice)).toMatch(/ 3$/);
});
