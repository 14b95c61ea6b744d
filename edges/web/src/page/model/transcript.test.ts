import { expect, test } from "vitest";
import { Rows } from "./rows.ts";
import { speakerOf } from "./speaker.ts";
import {
  KEPT_CHARACTERS_MAX,
  KEPT_ROWS_MAX,
  readTranscript,
  writeTranscript,
} from "./transcript.ts";

const TS = "2026-01-31T12:00:00.000Z";
const ADA = speakerOf({ streamId: "str_ada", streamName: "ada-1" }, { display_name: "Ada" });
const token = (data: string) => ({
  ...({
    type: "token",
    streamId: "str_bot",
    streamName: "bot-1",
    ownerAccountId: "acc_1",
  } as const),
  ...{ data, ts: TS, seq: "1-1", peerIdentity: { kind: "agent", model: "m-1" } as const },
});
const nobody = () => undefined;

/** The rows after a reload. */
function reload(rows: Rows): Rows {
  const later = new Rows(() => 0);
  for (const row of readTranscript(writeTranscript(rows.all))) later.add(row);
  return later;
}

test("a reload brings back who wrote what and when, and nobody is writing any more", () => {
  const rows = new Rows(() => 0);
  rows.receive(token("Hello **you**"), nobody);
  rows.addOwn(ADA, { text: "And you", delivery: { kind: "delivered" } }, TS);
  rows.note("The connection broke", TS);
  const later = reload(rows);
  const closed = rows.all.map((row) => (row.kind === "note" ? row : { ...row, isOpen: false }));
  expect(later.all).toEqual(closed);
  expect(later.writing.size).toBe(0);
});

test("what was pending when the page went away may have arrived, and can be sent again", () => {
  const rows = new Rows(() => 0);
  rows.addOwn(ADA, { text: "Are you there?", delivery: { kind: "pending" } }, TS);
  expect(reload(rows).all[0]).toMatchObject({
    message: { delivery: { kind: "unknown", rest: "Are you there?" } },
  });
});

test("the latest rows are kept, within their limits", () => {
  const rows = new Rows(() => 0);
  for (let index = 0; index < KEPT_ROWS_MAX + 10; index += 1) rows.note(`note ${index}`, TS);
  expect(reload(rows).all).toHaveLength(KEPT_ROWS_MAX);
  expect(reload(rows).all.at(-1)?.text).toBe(`note ${KEPT_ROWS_MAX + 9}`);
  const long = new Rows(() => 0);
  for (let index = 0; index < 30; index += 1) long.note("x".repeat(20_000), TS);
  expect(writeTranscript(long.all).length).toBeLessThanOrEqual(KEPT_CHARACTERS_MAX + 20);
  expect(reload(long).all.length).toBeGreaterThan(5);
});

test.each([null, "", "{", "7", "[7,null,{}]", '[{"kind":"passage","text":"x","ts":null}]'])(
  "what is kept and is no transcript has no rows: %s",
  (text) => {
    expect(readTranscript(text)).toEqual([]);
  },
);
