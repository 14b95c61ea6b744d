import { expect, test } from "vitest";
import { Position } from "./position.ts";

test("a frame is taken once, by its number in its stream, and a new epoch is later", () => {
  const position = new Position();
  expect(position.take("str_a", "1-9")).toBe(true);
  expect(position.take("str_a", "1-9")).toBe(false);
  expect(position.take("str_a", "1-10")).toBe(true);
  expect(position.take("str_b", "1-9")).toBe(true);
  expect(position.take("str_a", "2-1")).toBe(true);
  expect(position.take("str_a", "1-11")).toBe(false);
});

test("a reload knows how far the tab had come", () => {
  const position = new Position();
  position.cursor = "c1";
  position.take("str_a", "3-7");
  const later = Position.from(position.toText());
  expect(later.cursor).toBe("c1");
  expect(later.take("str_a", "3-7")).toBe(false);
  expect(later.take("str_a", "3-8")).toBe(true);
});

test.each([null, "", "{", "7", "null", '{"cursor":7,"last":[7,["a"]]}'])(
  "what is kept and is no position is the beginning: %s",
  (text) => {
    const position = Position.from(text);
    expect(position.cursor).toBe(null);
    expect(position.take("str_a", "1-1")).toBe(true);
  },
);

test("of very many streams the latest are remembered", () => {
  const position = new Position();
  for (let index = 0; index < 600; index += 1) position.take(`str_${index}`, "1-1");
  expect(position.take("str_599", "1-1")).toBe(false);
  expect(position.take("str_0", "1-1")).toBe(true);
});
