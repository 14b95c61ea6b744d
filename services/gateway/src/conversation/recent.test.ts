// A memory of the latest entries.
import { expect, test } from "vitest";
import { Recent } from "./recent.ts";

test("past its end the oldest entry is forgotten, and one that is put again is the newest", () => {
  const recent = new Recent<string, number>(2);
  expect([recent.get("a"), ...recent.values()]).toEqual([undefined]);
  recent.delete("a");
  recent.put("a", 1);
  recent.put("b", 2);
  recent.put("a", 3);
  recent.put("c", 4);
  expect([...recent.values()]).toEqual([3, 4]);
  recent.delete("a");
  expect([recent.get("a"), recent.get("b"), recent.get("c")]).toEqual([undefined, undefined, 4]);
});
