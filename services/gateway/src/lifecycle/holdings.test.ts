// What is held in the directory is given back, also when the directory is away for a while.
import { type Directory, DirectoryUnavailable } from "@ams/directory";
import { EMPTY_OBJECT } from "@ams/protocol";
import { beforeEach, expect, test } from "vitest";
import type { LiveStream } from "../conversation/live-stream.ts";
import { deferred, endOfTurn, entryOf, json, silentLog, slotOf, WHERE } from "../testing/fakes.ts";
import { Holdings } from "./holdings.ts";

const TS = "2026-01-31T12:00:09.000Z";
let asked: string[];
let fault: Error | null;
let gate: Promise<void>;
let holdings: Holdings;

function answer(step: string): () => Promise<boolean> {
  return async () => {
    asked.push(step);
    await gate;
    if (fault !== null) throw fault;
    return true;
  };
}

beforeEach(() => {
  asked = [];
  fault = null;
  gate = Promise.resolve();
  const directory = {
    leave: (_where: unknown, { connection }: { connection: string }) =>
      answer(`leave ${connection}`)(),
    release: ({ connection }: { connection: string }) => answer(`release ${connection}`)(),
    keepSlot: ({ connection }: { connection: string }) => answer(`keep ${connection}`)(),
    setStreamMetadata: (_where: unknown, _stream: unknown, metadata: string, n: number) =>
      answer(`metadata ${metadata} ${n}`)(),
  };
  holdings = new Holdings(directory as unknown as Directory, silentLog());
});

const streamOf = (): LiveStream => ({
  entry: entryOf(1, 1),
  claim: "held",
  lastN: 0,
  lastMs: 0,
  knownMetadata: EMPTY_OBJECT,
  timeAt: null,
  meter: null,
  successor: null,
});

function setMetadata(stream: LiveStream, n: number): void {
  const entry = { ...stream.entry, metadata: json(`{"n":${n}}`), metadata_n: n };
  Object.assign(stream, { entry });
  holdings.keepMetadata(WHERE, stream);
}

test("a leave is handed over before giveBack returns, then the quota slot if there was one", async () => {
  holdings.giveBack(WHERE, entryOf(1, 1), slotOf(1, "connection-1"), { n: 1, ts: TS });
  holdings.giveBack(WHERE, entryOf(2, 2), null, { n: 1, ts: TS });
  expect(asked).toEqual(["leave connection-1", "release connection-1", "leave connection-2"]);
  await holdings.settled();
});

test("§5.9 a step that the directory was away for is tried again until it is done, and then no more", async () => {
  fault = new DirectoryUnavailable("away");
  holdings.giveBack(WHERE, entryOf(1, 1), null, { n: 1, ts: TS });
  holdings.keepSlot(slotOf(1, "connection-1"), () => true);
  await holdings.settled();
  holdings.retry();
  await holdings.settled();
  fault = null;
  holdings.retry();
  await holdings.settled();
  holdings.retry();
  await holdings.settled();
  const once = ["leave connection-1", "keep connection-1"];
  expect(asked).toEqual([...once, ...once, ...once]);
});

test("a step that fails for another reason is not tried again", async () => {
  fault = new Error("a mistake");
  holdings.releaseSlot(slotOf(1, "connection-1"));
  await holdings.settled();
  fault = null;
  holdings.retry();
  await holdings.settled();
  expect(asked).toEqual(["release connection-1"]);
});

test("kept steps are tried some at a time", async () => {
  fault = new DirectoryUnavailable("away");
  for (let n = 0; n < 450; n += 1) holdings.releaseSlot(slotOf(n, `${n}`));
  await holdings.settled();
  fault = null;
  const counts: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    asked = [];
    holdings.retry();
    await holdings.settled();
    counts.push(asked.length);
  }
  expect(counts).toEqual([200, 200, 50, 0]);
});

test("§5.11 metadata is written one at a time, and what changed meanwhile once, with the latest", async () => {
  const { promise, resolve } = deferred<void>();
  gate = promise;
  const stream = streamOf();
  for (const n of [1, 2, 3, 4]) setMetadata(stream, n);
  expect(asked).toEqual(['metadata {"n":1} 1']);
  resolve();
  await holdings.settled();
  await endOfTurn();
  expect(asked).toEqual(['metadata {"n":1} 1', 'metadata {"n":4} 4']);
  setMetadata(stream, 5);
  expect(asked).toHaveLength(3);
});

test("§5.11 metadata set while the directory is away is one step that is kept, with the latest", async () => {
  fault = new DirectoryUnavailable("away");
  const stream = streamOf();
  for (const n of [1, 2, 3]) {
    setMetadata(stream, n);
    await holdings.settled();
  }
  fault = null;
  asked = [];
  holdings.retry();
  await holdings.settled();
  expect(asked).toEqual(['metadata {"n":3} 3']);
  asked = [];
  holdings.retry();
  expect(asked).toEqual([]);
});

test("a write of metadata that failed for good doesn't keep later ones from being made", async () => {
  fault = new Error("a mistake");
  const stream = streamOf();
  setMetadata(stream, 1);
  await holdings.settled();
  fault = null;
  setMetadata(stream, 2);
  await holdings.settled();
  expect(asked).toEqual(['metadata {"n":1} 1', 'metadata {"n":2} 2']);
});

test("settled waits for all that is under way, and for nothing when nothing is", async () => {
  await holdings.settled();
  const { promise, resolve } = deferred<void>();
  gate = promise;
  holdings.releaseSlot(slotOf(1, "connection-1"));
  let isSettled = false;
  const settled = holdings.settled().then(() => {
    isSettled = true;
  });
  await endOfTurn();
  expect(isSettled).toBe(false);
  resolve();
  await settled;
});
