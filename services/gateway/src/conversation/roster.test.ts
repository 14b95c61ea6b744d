// The copy of the roster: each kind of news, when it is new and when it is stale (§5.5, §5.6).
import type { RosterEntry } from "@ams/directory";
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

function frames(epoch: number, ...ns: readonly number[]) {
  return ns.map((n) => {
    const verdict = roster.passed(epoch, n);
    return typeof verdict === "string" ? verdict : verdict.entry.stream_name;
  });
}

function reconcile(entries: readonly RosterEntry[], here: readonly number[] = []) {
  roster.reconcile(entries, TS, ({ entry }) => here.some((n) => streamId(n) === entry.stream_id));
}

describe("claims", () => {
  test("§5.6 a claim of an unknown stream joins it, and its frames pass from 1", () => {
    expect(roster.claimed(entryOf(1, 5), false)?.entry).toEqual(entryOf(1, 5));
    expect(listener.take()).toEqual(["joined stream-1 5"]);
    expect(frames(5, 1, 2)).toEqual(["stream-1", "stream-1"]);
    expect(listener.take()).toEqual([]);
    expect(roster.size).toBe(1);
  });

  test("§5.6 an older claim than the live one is stale", () => {
    roster.claimed(entryOf(1, 5), false);
    listener.take();
    expect(roster.claimed(entryOf(1, 4), true)).toBeNull();
    expect(roster.claimed(entryOf(1, 3), false)).toBeNull();
    expect(listener.take()).toEqual([]);
    expect(roster.get(streamId(1))?.entry.epoch).toBe(5);
  });

  test("§4.6.2 a stream that has left is never reported to have joined before that", () => {
    roster.claimed(entryOf(1, 5), false);
    roster.left(streamId(1), 5, 0, "2026-01-31T12:30:00.000Z");
    const back = roster.claimed(entryOf(1, 6, { joined_at: "2026-01-31T12:29:59.000Z" }), true);
    expect(back?.lastMs).toBe(Date.parse("2026-01-31T12:30:00.000Z"));
    roster.left(streamId(1), 6, 0, "2026-01-31T12:31:00.000Z");
    const later = roster.claimed(entryOf(1, 7, { joined_at: "2026-01-31T12:32:00.000Z" }), false);
    expect(later?.lastMs).toBe(Date.parse("2026-01-31T12:32:00.000Z"));
  });

  test("§5.9 the same claim under another gateway only changes where it is held", () => {
    const stream = roster.claimed(entryOf(1, 5, { metadata: json('{"a":1}') }), false);
    listener.take();
    const again = roster.claimed(entryOf(1, 5, { gateway: "gateway-b" }), false);
    expect(again).toBe(stream);
    expect(again?.entry).toMatchObject({ gateway: "gateway-b", metadata: '{"a":1}' });
    expect(listener.take()).toEqual([]);
  });

  test("§3.5 a takeover is reported to nobody, and the stream keeps its clock", () => {
    const before = roster.claimed(entryOf(1, 5), false);
    if (before) before.lastMs = 77;
    listener.take();
    const after = roster.claimed(entryOf(1, 6), true);
    expect(after).not.toBe(before);
    expect(after).toMatchObject({ lastN: 0, lastMs: 77 });
    expect(roster.size).toBe(1);
    expect(listener.take()).toEqual([]);
  });

  test("§5.6 a newer claim that took nothing over means that a leave was lost: both are reported", () => {
    roster.claimed(entryOf(1, 5), false);
    frames(5, 1);
    listener.take();
    roster.claimed(entryOf(1, 7, { joined_at: TS }), false);
    expect(listener.take()).toEqual([`left stream-1 null ${TS}`, "joined stream-1 7"]);
    expect(frames(5, 2)).toEqual(["fenced"]);
  });
});

describe("leaves", () => {
  beforeEach(() => {
    roster.claimed(entryOf(1, 5), false);
    listener.take();
  });

  test("§5.5 a leave is reported once, and no frame of the stream passes behind it", () => {
    frames(5, 1, 2);
    roster.left(streamId(1), 5, 3, TS);
    roster.left(streamId(1), 5, 3, TS);
    expect(listener.take()).toEqual([`left stream-1 5-3 ${TS}`]);
    expect(frames(5, 3)).toEqual(["fenced"]);
    expect(roster.size).toBe(0);
  });

  test("§4.6.3 a leave reports the last seq when it is known, also when it is n = 0", () => {
    roster.left(streamId(1), 5, 0, TS);
    roster.claimed(entryOf(1, 6), false);
    roster.left(streamId(1), 6, null, TS);
    expect(listener.take()).toEqual([
      `left stream-1 5-0 ${TS}`,
      "joined stream-1 6",
      `left stream-1 null ${TS}`,
    ]);
  });

  test("§3.5.1 a late leave of a connection that was displaced does nothing", () => {
    roster.claimed(entryOf(1, 6), true);
    roster.left(streamId(1), 5, 1, TS);
    roster.left(streamId(9), 5, 1, TS);
    expect(listener.take()).toEqual([]);
    expect(roster.get(streamId(1))?.entry.epoch).toBe(6);
  });

  test("a stream that is forgotten leaves without a word", () => {
    const stream = roster.get(streamId(1));
    if (stream) roster.forget(stream);
    if (stream) roster.forget(stream);
    expect(listener.take()).toEqual([]);
    expect(roster.size).toBe(0);
  });

  test("§5.9 a swept stream that comes back goes on where it was: what was lost meanwhile is a gap", () => {
    frames(5, 1, 2);
    roster.left(streamId(1), 5, null, TS);
    expect(frames(5, 3)).toEqual(["fenced"]);
    roster.claimed(entryOf(1, 5), false);
    expect(frames(5, 2, 4)).toEqual(["stale", "stream-1"]);
    expect(listener.take()).toEqual([
      `left stream-1 null ${TS}`,
      "joined stream-1 5",
      "gap stream-1 5-2 5-4 bus_interrupted",
    ]);
  });
});

describe("frames", () => {
  test("§5.3 a seq that has passed, or was passed over, does not pass again", () => {
    roster.claimed(entryOf(1, 5), false);
    listener.take();
    expect(frames(5, 1, 1, 2, 5, 3, 5, 6)).toEqual([
      "stream-1",
      "stale",
      "stream-1",
      "stream-1",
      "stale",
      "stale",
      "stream-1",
    ]);
    expect(listener.take()).toEqual(["gap stream-1 5-2 5-5 bus_interrupted"]);
  });

  test("§4.7 the first frame of a stream that was seen to join reports what is missing before it", () => {
    roster.claimed(entryOf(1, 5), false);
    listener.take();
    frames(5, 3);
    expect(listener.take()).toEqual(["gap stream-1 null 5-3 bus_interrupted"]);
  });

  test("§4.6 of a loaded stream the first seq may be any", () => {
    roster.load([entryOf(1, 5), entryOf(2, 6)]);
    expect(frames(5, 40, 41)).toEqual(["stream-1", "stream-1"]);
    expect(listener.take()).toEqual([]);
    expect([...roster.streams()].map(({ entry }) => entry.epoch)).toEqual([5, 6]);
  });

  test("a frame of an epoch that nobody holds is fenced", () => {
    expect(frames(9, 1)).toEqual(["fenced"]);
  });

  test("§4.7 a tail reports frames that were lost behind the last", () => {
    roster.claimed(entryOf(1, 5), false);
    frames(5, 1, 2);
    listener.take();
    roster.tail(5, 2);
    roster.tail(5, 1);
    expect(listener.take()).toEqual([]);
    roster.tail(5, 4);
    roster.tail(9, 4);
    expect(listener.take()).toEqual(["gap stream-1 5-2 5-5 bus_interrupted"]);
    expect(frames(5, 4, 5)).toEqual(["stale", "stream-1"]);
    expect(listener.take()).toEqual([]);
  });

  test("§4.6 a tail of a stream that was never heard is where its reader begins", () => {
    roster.load([entryOf(1, 5)]);
    roster.tail(5, 7);
    expect(frames(5, 7, 8)).toEqual(["stale", "stream-1"]);
    expect(listener.take()).toEqual([]);
  });
});

describe("takeovers", () => {
  beforeEach(() => {
    roster.claimed(entryOf(1, 5), false);
    frames(5, 1);
    roster.claimed(entryOf(1, 6), true);
    listener.take();
  });

  test("§3.5.2 frames of the old connection pass until the new one's first", () => {
    expect(frames(5, 2, 3)).toEqual(["stream-1", "stream-1"]);
    expect(frames(6, 1)).toEqual(["stream-1"]);
    expect(listener.take()).toEqual([]);
  });

  test("§3.5.1 behind the new one's first they are fenced, and reported once as a gap", () => {
    expect(frames(5, 2)).toEqual(["stream-1"]);
    expect(frames(6, 1)).toEqual(["stream-1"]);
    expect(frames(5, 3, 4)).toEqual(["fenced", "fenced"]);
    expect(listener.take()).toEqual(["gap stream-1 5-2 6-1 displaced"]);
  });

  test("§3.5.2 the old holder's last event shows whether its tail was lost", () => {
    roster.yielded(5, 3);
    roster.yielded(5, 3);
    expect(listener.take()).toEqual(["gap stream-1 5-1 6-1 displaced"]);
    expect(frames(5, 2)).toEqual(["fenced"]);
  });

  test("§3.5.2 a tail that has come whole is no gap, and unknown ones are none", () => {
    roster.yielded(5, 1);
    roster.yielded(4, 10);
    roster.claimed(entryOf(1, 7), true);
    roster.yielded(6, null);
    expect(listener.take()).toEqual([]);
  });

  test("§3.5.1 frames of the first of three holders are fenced behind the third one's first", () => {
    roster.claimed(entryOf(1, 7), true);
    expect(frames(5, 2)).toEqual(["stream-1"]);
    expect(frames(7, 1)).toEqual(["stream-1"]);
    expect(frames(5, 3)).toEqual(["fenced"]);
    expect(frames(6, 1)).toEqual(["fenced"]);
    expect(listener.take()).toEqual([
      "gap stream-1 5-2 7-1 displaced",
      "gap stream-1 null 7-1 displaced",
    ]);
  });

  test("§5.5 no frame of a displaced connection passes once the stream has left, or joined anew", () => {
    roster.left(streamId(1), 6, 0, TS);
    expect(frames(5, 2)).toEqual(["fenced"]);
    roster.claimed(entryOf(1, 8), false);
    expect(frames(5, 3)).toEqual(["fenced"]);
    expect(frames(8, 1)).toEqual(["stream-1"]);
  });

  test("memory of displaced connections is bounded", () => {
    for (let epoch = 7; epoch < 1_200; epoch += 1) roster.claimed(entryOf(1, epoch), true);
    expect(frames(5, 2)).toEqual(["fenced"]);
    expect(frames(1_198, 1)).toEqual(["stream-1"]);
  });
});

describe("after the bus was away", () => {
  test("§5.6 what has gone is reported as left, what has come as joined, and what is held here stays", () => {
    roster.load([entryOf(1, 1), entryOf(2, 2), entryOf(3, 3)]);
    reconcile([entryOf(1, 1), entryOf(4, 9)], [3]);
    expect(listener.take()).toEqual([`left stream-2 null ${TS}`, "joined stream-4 9"]);
    expect(roster.size).toBe(3);
  });

  test("§5.6 a stream that left and joined anew meanwhile is reported as both", () => {
    roster.load([entryOf(1, 1)]);
    reconcile([entryOf(1, 4, { joined_at: TS })]);
    expect(listener.take()).toEqual([`left stream-1 null ${TS}`, "joined stream-1 4"]);
  });

  test("§4.7 a takeover that nobody heard of is reported as a gap, since the old one's tail isn't known", () => {
    roster.load([entryOf(1, 1)]);
    frames(1, 8);
    reconcile([entryOf(1, 4)]);
    expect(listener.take()).toEqual(["gap stream-1 1-8 4-1 bus_interrupted"]);
    expect(frames(4, 1)).toEqual(["stream-1"]);
    expect(frames(1, 9)).toEqual(["fenced"]);
  });

  test("§4.7 a takeover whose old holder's word may have been lost is reported as a gap, once", () => {
    roster.claimed(entryOf(1, 1), false);
    frames(1, 1, 2);
    roster.claimed(entryOf(1, 2), true);
    roster.claimed(entryOf(2, 3), false);
    roster.claimed(entryOf(2, 4), true);
    roster.yielded(3, 0);
    listener.take();
    reconcile([entryOf(1, 2), entryOf(2, 4)]);
    reconcile([entryOf(1, 2), entryOf(2, 4)]);
    expect(listener.take()).toEqual(["gap stream-1 1-2 2-1 bus_interrupted"]);
  });

  test("§4.7 what a stream emitted before it was heard of was lost, if it joined while readers were here", () => {
    roster.load([entryOf(1, 1)]);
    reconcile([entryOf(1, 4), entryOf(2, 5)]);
    listener.take();
    roster.tail(4, 3);
    frames(5, 3);
    expect(listener.take()).toEqual([
      "gap stream-1 null 4-4 bus_interrupted",
      "gap stream-2 null 5-3 bus_interrupted",
    ]);
  });

  test("§5.11 metadata that was set meanwhile is reported with its place, and what it passed over as a gap", () => {
    roster.load([entryOf(1, 1)]);
    frames(1, 2);
    reconcile([entryOf(1, 1, { metadata: json('{"a":1}'), metadata_n: 5 })]);
    expect(listener.take()).toEqual([
      "gap stream-1 1-2 1-5 bus_interrupted",
      `metadata stream-1 1-5 {"a":1} ${Date.parse(TS)}`,
    ]);
    expect(frames(1, 5, 6)).toEqual(["stale", "stream-1"]);
  });

  test("§5.11 metadata that has passed already is no news", () => {
    roster.load([entryOf(1, 1)]);
    frames(1, 2);
    reconcile([entryOf(1, 1, { metadata: json('{"a":1}'), metadata_n: 2 })]);
    reconcile([entryOf(1, 1, { metadata_n: 9 })]);
    expect(listener.take()).toEqual([]);
  });
});

test("§5.5 what is missing of a taken-over claim is said before its successor leaves, and nothing after", () => {
  roster.claimed(entryOf(1, 5), false);
  frames(5, 1, 2);
  roster.claimed(entryOf(1, 6), true);
  frames(6, 1);
  listener.take();
  roster.left(streamId(1), 6, 1, TS);
  expect(listener.take()).toEqual(["gap stream-1 5-2 6-1 displaced", `left stream-1 6-1 ${TS}`]);
  roster.yielded(5, 11);
  expect(frames(5, 3)).toEqual(["fenced"]);
  expect(listener.take()).toEqual([]);
});

test("§3.5.1 a stream that another claim holds, or nobody, is ended for whoever held it", () => {
  const first = roster.claimed(entryOf(1, 5), false);
  const second = roster.claimed(entryOf(1, 6), true);
  expect([first?.claim, second?.claim]).toEqual(["ended", "held"]);
  if (second) roster.doubt(second);
  expect(second?.claim).toBe("doubted");
  roster.left(streamId(1), 6, 0, TS);
  if (second) roster.confirm(second, entryOf(1, 6));
  expect(second?.claim).toBe("ended");
});

test("§5.6 a store that forgot a takeover is believed: the later claim has left, the earlier one is there", () => {
  roster.claimed(entryOf(1, 7), false);
  listener.take();
  reconcile([entryOf(1, 3)]);
  expect(listener.take()).toEqual([`left stream-1 null ${TS}`, "joined stream-1 3"]);
});

describe("frames from the log of epochs that are over (§7.5)", () => {
  const late = (epoch: number, n: number) => roster.passedUnknown(streamId(1), epoch, n);

  test("§5.3 what passed before a takeover or a leave doesn't pass again, the rest does once", () => {
    roster.claimed(entryOf(1, 5), false);
    frames(5, 1, 2);
    roster.claimed(entryOf(1, 6), true);
    roster.yielded(5, 2);
    roster.left(streamId(1), 6, 0, TS);
    expect([late(5, 1), late(5, 2), late(5, 3), late(5, 3), late(6, 1)]).toEqual([
      false,
      false,
      true,
      false,
      true,
    ]);
  });

  test("§5.2 nothing of an old epoch passes after a later one, live or over", () => {
    roster.claimed(entryOf(1, 5), false);
    frames(5, 1);
    roster.claimed(entryOf(1, 6), true);
    expect(late(4, 7)).toBe(false);
    frames(6, 1);
    expect(late(5, 2)).toBe(false);
    roster.left(streamId(1), 6, 1, TS);
    expect([late(5, 2), late(6, 2), late(7, 1), late(6, 3)]).toEqual([false, true, true, false]);
  });

  test("§5.3 what passed before the claim was heard doesn't pass again when it is", () => {
    expect([late(5, 1), late(5, 2)]).toEqual([true, true]);
    roster.claimed(entryOf(1, 5), false);
    listener.take();
    expect(frames(5, 1, 2, 3)).toEqual(["stale", "stale", "stream-1"]);
    expect(late(6, 1)).toBe(true);
    roster.claimed(entryOf(1, 6), true);
    expect(frames(6, 1, 2)).toEqual(["stale", "stream-1"]);
  });
});
