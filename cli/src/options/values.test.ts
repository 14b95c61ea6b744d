import { describe, expect, test } from "vitest";
import { collect, readCount, readDuration, readJson, readMetadata } from "./values.ts";

describe("values of options", () => {
  test.each([
    ["90", 90],
    ["90s", 90],
    ["10m", 600],
    ["2h", 7_200],
    ["1d", 86_400],
    ["0", 0],
  ])("%s is %d seconds", (text, seconds) => {
    expect(readDuration(text)).toBe(seconds);
  });

  test.each(["", "soon", "1w", "-1", "1.5h", "s", "1e3", " 1"])("%j is no time", (text) => {
    expect(() => readDuration(text)).toThrow(/90s, 10m, 2h, 1d/);
  });

  test.each(["", "-1", "1.5", "0x10", "99999999999"])("%j is no count", (text) => {
    expect(() => readCount(text)).toThrow(/whole number/);
  });

  test.each(["[1]", '"text"', "null", "1"])("%s is no metadata", (text) => {
    expect(() => readMetadata(text)).toThrow(/JSON object/);
  });

  test("JSON is any JSON, and the text of a broken one aren't repeated", () => {
    expect(readJson("null")).toBeNull();
    expect(() => readJson('{"secret')).toThrow(/^It is no JSON\.$/);
  });

  test("an option may be repeated", () => {
    expect(collect("b", collect("a"))).toEqual(["a", "b"]);
  });
});
