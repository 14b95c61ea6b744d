import { beforeEach, expect, test } from "vitest";
import { Announcing } from "./announcing.ts";
import { PASSAGE_CHARACTERS_MAX, Rows } from "./rows.ts";
import { speakerOf } from "./speaker.ts";

const ADA = speakerOf({ streamId: "str_ada", streamName: "ada-1" }, { display_name: "Ada" });
const BOB = speakerOf({ streamId: "str_bob", streamName: "bob-1" }, undefined);
const ts = "2026-01-31T12:00:00.000Z";

let rows: Rows;
let announcing: Announcing;
beforeEach(() => {
  rows = new Rows(() => 0);
  announcing = new Announcing();
});
const say = ({ streamId, streamName, displayName }: typeof ADA, data: string) => {
  const token = { type: "token", streamId, streamName, ownerAccountId: "acc_1" } as const;
  const metadata = displayName === null ? {} : { display_name: displayName };
  const peer = { streamId, streamName, ownerAccountId: "acc_1", metadata };
  rows.receive({ ...token, data, ts, seq: "1-1" }, () => peer);
};
const look = () => announcing.look(rows.all);

test("all that settled between two looks is read out, in its order and once", () => {
  say(ADA, "one");
  say(BOB, "two");
  rows.note("The connection broke", ts);
  expect(look()).toEqual([]);
  expect(look()).toEqual(["Ada: one", "bob-1: two", "The connection broke"]);
  expect(look()).toEqual([]);
});

test("a passage is read out when it grows no more, and what came after it waits for it", () => {
  say(ADA, "one");
  say(BOB, "two");
  look();
  say(ADA, " and more");
  expect(look()).toEqual([]);
  expect(look()).toEqual(["Ada: one and more", "bob-1: two"]);
});

test("one's own words are not read out, and stop nobody else's", () => {
  rows.addOwn(ADA, { text: "mine", delivery: { kind: "delivered" } }, ts);
  say(BOB, "yours");
  look();
  expect(look()).toEqual(["bob-1: yours"]);
});

test("the same words again are read out again", () => {
  for (let turn = 0; turn < 2; turn += 1) {
    say(ADA, "yes");
    rows.endTurn("str_ada");
    look();
    expect(look()).toEqual(["Ada: yes"]);
  }
});

test("of a crowd only the latest are read out, and how many were not", () => {
  for (let index = 0; index < 10; index += 1) rows.note(`note ${index}`, ts);
  const lines = look();
  expect(lines).toHaveLength(7);
  expect(lines[0]).toBe("4 more before this.");
  expect(lines.at(-1)).toBe("note 9");
});

test("of a long passage the beginning is read out", () => {
  say(ADA, "x".repeat(PASSAGE_CHARACTERS_MAX));
  look();
  expect(look()).toEqual([`Ada: ${"x".repeat(500)}`]);
});

test("rows that the page has forgotten are passed over", () => {
  rows = new Rows(() => 0, { itemsMax: 8, charactersMax: 1_000_000 });
  look();
  for (let index = 0; index < 100; index += 1) rows.note(`note ${index}`, ts);
  expect(look()).toContain("note 99");
  rows.note("one more", ts);
  expect(look()).toEqual(["one more"]);
});
