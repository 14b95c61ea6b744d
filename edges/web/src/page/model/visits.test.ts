import { expect, test } from "vitest";
import type { Keep } from "./address.ts";
import { forgetVisit, readVisits, rememberVisit, VISITS, VISITS_MAX } from "./visits.ts";

function storage(): Keep {
  const kept = new Map<string, string>();
  return {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => {
      kept.set(key, value);
      return true;
    },
  };
}

const visit = (path: string, token = "t", atMs = 1) => ({ path, token, title: null, atMs });

test("the latest visit comes first, and a conversation is listed once, with its latest link", () => {
  const keep = storage();
  rememberVisit(keep, visit("/a/conversations/one", "old"));
  rememberVisit(keep, visit("/a/conversations/two"));
  rememberVisit(keep, visit("/a/conversations/one", "new"));
  expect(readVisits(keep).map(({ path, token }) => [path, token])).toEqual([
    ["/a/conversations/one", "new"],
    ["/a/conversations/two", "t"],
  ]);
});

test("a conversation that is forgotten is gone, and the others stay", () => {
  const keep = storage();
  rememberVisit(keep, visit("/a/conversations/one"));
  rememberVisit(keep, visit("/a/conversations/two"));
  forgetVisit(keep, "/a/conversations/one");
  expect(readVisits(keep)).toEqual([visit("/a/conversations/two")]);
});

test("the oldest is dropped when there are too many", () => {
  const keep = storage();
  for (let index = 0; index <= VISITS_MAX; index += 1) rememberVisit(keep, visit(`/${index}`));
  expect(readVisits(keep)).toHaveLength(VISITS_MAX);
  expect(readVisits(keep).at(-1)?.path).toBe("/1");
});

test.each(["", "{", "7", "{}", '[7,null,{"path":"x"}]', '[{"path":"javascript:x","token":"t"}]'])(
  "what is kept and is no list of visits is none: %s",
  (text) => {
    const keep = storage();
    keep.set(VISITS, text);
    expect(readVisits(keep)).toEqual([]);
  },
);
