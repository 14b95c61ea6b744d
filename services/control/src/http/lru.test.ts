import { LRUCache } from "lru-cache";
import { expect, test } from "vitest";

test("§9.1 a map of addresses keeps so many, and those that were used last", () => {
  const map = new LRUCache<string, number>({ max: 2 });
  map.set("a", 1);
  map.set("b", 2);
  expect(map.get("a")).toBe(1);
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c"), map.size]).toEqual([1, undefined, 3, 2]);
  for (let n = 0; n < 1_000; n += 1) map.set(`x${n}`, n);
  expect(map.size).toBe(2);
});
