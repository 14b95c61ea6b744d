// The time of a stream, for the subscribers of a gateway that was deaf at its takeover (§4.6.2).
import { beforeEach, describe, expect, test } from "vitest";
import { entryOf, json, streamId } from "../testing/fakes.ts";
import { RosterNotes } from "../testing/roster-notes.ts";
import { Roster } from "./roster.ts";

const TS = "2026-01-31T12:00:09.000Z";
let listener: RosterNotes;
let roster: Roster;

beforeEach(() => {
  listener = new RosterNotes();
  roster = new Roster(listener);
});

describe("§4.6.2 the time of a stream, when the gateway was deaf at its takeover", () => {
  const T0 = Date.parse("2026-01-31T12:00:00.000Z");
  const passedAt = (epoch: number, n: number, ms: number) => {
    const verdict = roster.passed(epoch, n, () => T0 + ms);
    return typeof verdict === "string" ? verdict : verdict.entry.stream_name;
  };

  beforeEach(() => {
    roster.claimed(entryOf(1, 5), false);
    passedAt(5, 1, 4_000);
    roster.claimed(entryOf(1, 6), true);
    listener.take();
  });

  test("what the new holder sent before that is passed over as a gap, and later frames pass", () => {
    expect([passedAt(6, 1, 3_000), passedAt(6, 2, 3_999), passedAt(6, 3, 4_000)]).toEqual([
      "early",
      "early",
      "stream-1",
    ]);
    expect(listener.take()).toEqual([
      "gap stream-1 null 6-2 displaced",
      "gap stream-1 6-1 6-3 displaced",
    ]);
  });

  test("metadata that is passed over is notified as if the stream came anew", () => {
    const metadata = json('{"a":1}');
    expect(passedAt(6, 1, 3_000)).toBe("early");
    roster.passedOver(6, { metadata, n: 1, ms: T0 + 3_000 });
    expect(listener.take().slice(1)).toEqual([
      "left stream-1 null 2026-01-31T12:00:04.000Z",
      "joined stream-1 6",
    ]);
    expect(roster.get(streamId(1))).toMatchObject({ entry: { metadata }, lastMs: T0 + 4_000 });
  });

  test("a leave is no earlier than what was heard, and so is the next join", () => {
    roster.left(streamId(1), 6, 0, "2026-01-31T12:00:02.000Z");
    expect(listener.take().at(-1)).toBe("left stream-1 6-0 2026-01-31T12:00:04.000Z");
    expect(roster.claimed(entryOf(1, 7), false)?.lastMs).toBe(T0 + 4_000);
  });

  test("who takes the stream over here stamps no earlier than what was heard of it", () => {
    expect(roster.get(streamId(1))?.lastMs).toBe(T0 + 4_000);
    expect(passedAt(5, 2, 4_500)).toBe("stream-1");
    expect(roster.get(streamId(1))?.lastMs).toBe(T0 + 4_500);
  });

  test("a clock that is wrong by more than a minute silences nobody", () => {
    expect([passedAt(6, 1, 4_000 - 60_001), passedAt(6, 2, 4_000 - 60_000)]).toEqual([
      "stream-1",
      "stream-1",
    ]);
    expect(listener.take()).toEqual([]);
  });

  test("§5.11 metadata that is read after a loss keeps the time of its frame", () => {
    const entry = entryOf(1, 6, {
      metadata: json('{"a":1}'),
      metadata_n: 3,
      metadata_ms: T0 + 5_000,
    });
    roster.reconcile([entry], TS, () => false);
    expect(listener.take().at(-1)).toBe(`metadata stream-1 6-3 {"a":1} ${T0 + 5_000}`);
  });
});
