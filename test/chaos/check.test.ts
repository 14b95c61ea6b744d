/** The checker finds each kind of violation by its name, and nothing in a history that is right. */
import type { ServerFrame } from "@ams/protocol";
import { expect, test } from "vitest";
import { Invariants } from "../conformance/invariants.ts";
import { judge, type ViolationKind } from "./check.ts";
import { type ConnectionRecord, type History, type Outcome, wordOf } from "./history.ts";

const TS = "2026-01-31T12:00:00.000Z";
const [ANN, BOB] = ["str_aaaaaaaaaaaaaaaaaaaaaaaaaa", "str_bbbbbbbbbbbbbbbbbbbbbbbbbb"];
const OWNER = "acc_01ARZ3NDEKTSV4RRFFQ69G5FAV";
const stream = (stream_id: string, stream_name: string) => ({
  stream_id,
  stream_name,
  owner_account_id: OWNER,
});

const joined = (id: string, name: string, peers: object[] = []) => ({
  type: "joined",
  conversation_id: "conv_01ARZ3NDEKTSV4RRFFQ69G5FAV",
  ...stream(id, name),
  metadata: {},
  conversation_metadata: {},
  self_subscribe: false,
  ts: TS,
  epoch: 1,
  peers,
});
const said = (n: number, seq: string, more: object = {}) => ({
  type: "token",
  ...stream(ANN, "ann"),
  ts: TS,
  seq,
  data: wordOf(0, "ann", "1.1", n),
  ...more,
});

/** A reader of ann's stream that hears these frames after `joined`. */
function reader(...frames: object[]): ConnectionRecord {
  return connection("bob", [
    joined(BOB, "bob", [{ ...stream(ANN, "ann"), metadata: {} }]),
    ...frames,
  ]);
}

function connection(
  name: string,
  frames: readonly object[],
  sent: string[] = [],
): ConnectionRecord {
  const invariants = new Invariants();
  const heard = frames.flatMap((frame) => {
    const known: ServerFrame | null = invariants.check(JSON.stringify(frame), false);
    return known === null ? [] : [{ atMs: 0, frame: known }];
  });
  const own = { client: 0, conversation: 0, name, gateway: "", openedMs: 0, resumed: false };
  return { ...own, heard, broken: invariants.broken, sent, end: null };
}

const SAID = [1, 2, 3].map((n) => wordOf(0, "ann", "1.1", n));
const emitter = (...frames: object[]) => connection("ann", [joined(ANN, "ann"), ...frames], SAID);

const RIGHT: Outcome = { conversation: 0, listed: [ANN], open: [ANN], deaf: [], kept: null };

function kindsOf(
  connections: readonly ConnectionRecord[],
  outcome: Partial<Outcome> = {},
  leftOver = { channels: 0, streams: 0 },
): readonly ViolationKind[] {
  const history: History = {
    connections: [emitter(), ...connections],
    faults: [],
    outcomes: [{ ...RIGHT, ...outcome }],
    leftOver,
    storeForgets: false,
  };
  return [...new Set(judge(history).map(({ kind }) => kind))];
}

const GAP = {
  type: "x_gap",
  ...stream(ANN, "ann"),
  after: "1-1",
  before: "1-3",
  reason: "bus_interrupted",
};
const LEFT = { type: "stream_left", ...stream(ANN, "ann"), ts: TS, seq: "1-2" };

test("a history that is right has no violation, with a gap that is announced and a lost tail", () => {
  expect(kindsOf([reader(said(1, "1-1"), said(2, "1-2"), LEFT)])).toEqual([]);
  expect(kindsOf([reader(said(1, "1-1"), GAP, said(3, "1-3"))])).toEqual([]);
  expect(kindsOf([reader(said(1, "1-1"), LEFT)])).toEqual([]);
});

test.each<[string, ViolationKind, ConnectionRecord]>([
  ["a frame is missing", "silent_loss", reader(said(1, "1-1"), said(3, "1-3"))],
  ["two frames change places", "order", reader(said(2, "1-2"), said(1, "1-1"))],
  ["a frame comes twice", "order", reader(said(1, "1-1"), said(1, "1-1"))],
  ["an old epoch after a newer one", "old_epoch", reader(said(2, "2-1"), said(1, "1-9"))],
  ["an emitter hears itself", "echo", emitter(said(1, "1-1"))],
  [
    "another conversation's",
    "foreign",
    reader(said(1, "1-1", { data: wordOf(7, "ann", "1.1", 1) })),
  ],
  ["another's text", "altered", reader(said(1, "1-1", { data: wordOf(0, "eve", "1.1", 1) }))],
  [
    "a text that nobody sent",
    "invented",
    reader(said(1, "1-1", { data: wordOf(0, "ann", "9", 9) })),
  ],
  ["a frame after its stream left", "frames_outside_roster", reader(LEFT, said(1, "1-1"))],
  [
    "a stream joins twice",
    "frames_outside_roster",
    reader({ ...joined(ANN, "ann"), type: "stream_joined" }),
  ],
  [
    "an earlier time",
    "time",
    reader(said(1, "1-1"), said(2, "1-2", { ts: TS.replace("12", "11") })),
  ],
  ["no valid frame", "malformed", reader({ type: "token", seq: 1 })],
])("%s: caught as %s", (_what, kind, seen) => {
  expect(kindsOf([seen])).toContain(kind);
});

test("two readers with different texts for one seq: caught as altered", () => {
  expect(kindsOf([reader(said(1, "1-1")), reader(said(2, "1-1"))])).toEqual(["altered"]);
});

test.each<[string, ViolationKind, Partial<Outcome>]>([
  ["inspect has a ghost", "roster_differs", { listed: [ANN, BOB] }],
  ["inspect misses a stream", "roster_differs", { listed: [] }],
  ["a reader's roster is another", "roster_differs", { deaf: ["roster of bob is another"] }],
  ["a stream has two holders", "two_holders", { open: [ANN, ANN] }],
  ["a reader hears nothing", "deaf", { deaf: ["bob hears nothing of ann"] }],
  [
    "the log has a frame twice",
    "log_differs",
    { kept: [1, 1].map(() => ({ id: `${ANN} 1-1`, data: "x" })) },
  ],
  [
    "the log has another order",
    "log_differs",
    { kept: [2, 1].map((n) => ({ id: `${ANN} 1-${n}`, data: "x" })) },
  ],
])("%s: caught as %s", (_what, kind, outcome) => {
  expect(kindsOf([], outcome)).toContain(kind);
});

test("a frame with a receipt is not in the log: caught as log_differs", () => {
  const acknowledged = emitter({ type: "x_receipt", seq: "1-1", ts: TS });
  expect(kindsOf([acknowledged], { kept: [] })).toEqual(["log_differs"]);
  const kept = [{ id: `${ANN} 1-1`, data: SAID[0] ?? "" }];
  expect(kindsOf([acknowledged], { kept })).toEqual([]);
});

test("a subscription or a stream that stays: caught as leaked", () => {
  expect(kindsOf([], {}, { channels: 1, streams: 0 })).toEqual(["leaked"]);
  expect(kindsOf([], {}, { channels: 0, streams: 1 })).toEqual(["leaked"]);
});
