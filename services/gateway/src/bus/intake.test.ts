// What comes from a channel, and the moment at which a snapshot fits in.
import { type ChannelEvent, encodeEvent } from "@ams/directory";
import { beforeEach, expect, test } from "vitest";
import { BatchWriter } from "./batch.ts";
import { Intake } from "./intake.ts";

let passed: string[];
let unread: number;
let intake: Intake;

beforeEach(() => {
  passed = [];
  unread = 0;
  intake = new Intake({
    event: (event) => passed.push(event.kind === "mark" ? `mark ${event.mark}` : event.kind),
    batch: (batch) => passed.push(`batch ${batch.length}`),
    unread: () => {
      unread += 1;
    },
  });
});

const eventOf = (event: ChannelEvent) => Buffer.from(encodeEvent(event));
const markOf = (mark: string) => eventOf({ kind: "mark", mark, tails: false });
const closed = eventOf({ kind: "closed" });

function batchOf(bytes: number): Buffer {
  const writer = new BatchWriter(Buffer.alloc(8));
  writer.append(1, 1, "token", bytes);
  return writer.take() ?? Buffer.alloc(0);
}

/** Whether the promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

test("before the first snapshot nothing passes: there is no roster that it could change", () => {
  intake.receive(closed);
  intake.receive(batchOf(10));
  intake.receive(markOf("somebody else's"));
  expect(passed).toEqual([]);
});

test("the mark before the reply: what comes behind it waits for the snapshot, then passes in order", async () => {
  const heard = intake.hold("m");
  intake.receive(batchOf(1));
  intake.receive(markOf("m"));
  intake.receive(closed);
  intake.receive(batchOf(2));
  await heard;
  expect(passed).toEqual([]);
  intake.resume(true);
  intake.receive(batchOf(3));
  expect(passed).toEqual(["closed", "batch 36", "batch 37"]);
});

test("the reply before the mark: what comes before it still passes to an open roster, what is behind waits", async () => {
  intake.resume(true);
  const heard = intake.hold("m");
  intake.receive(batchOf(1));
  expect(await isSettled(heard)).toBe(false);
  intake.receive(markOf("another"));
  intake.receive(markOf("m"));
  intake.receive(batchOf(2));
  await heard;
  expect(passed).toEqual(["batch 35", "mark another", "mark m"]);
  intake.resume();
  expect(passed).toEqual(["batch 35", "mark another", "mark m", "batch 36"]);
});

test("a snapshot that is given up lets everything that waited through, and leaves an unopened roster unopened", async () => {
  const first = intake.hold("m");
  intake.receive(markOf("m"));
  intake.receive(closed);
  await first;
  intake.resume();
  expect(passed).toEqual([]);
  intake.resume(true);
  const second = intake.hold("n");
  intake.resume();
  intake.receive(markOf("n"));
  intake.receive(closed);
  expect(passed).toEqual(["mark n", "closed"]);
  expect(await isSettled(second)).toBe(false);
});

test("a later hold replaces an earlier one: what that one held passes, and its mark is no mark any more", async () => {
  intake.resume(true);
  const first = intake.hold("m");
  const second = intake.hold("n");
  intake.receive(markOf("m"));
  intake.receive(batchOf(1));
  expect(passed).toEqual(["mark m", "batch 35"]);
  intake.receive(markOf("n"));
  intake.receive(batchOf(2));
  await second;
  expect(await isSettled(first)).toBe(false);
  const third = intake.hold("o");
  expect(passed.slice(2)).toEqual(["mark n", "batch 36"]);
  intake.receive(markOf("o"));
  await third;
});

test("a payload of a version that isn't known, or that is no JSON, passes by and harms nothing", () => {
  intake.resume(true);
  for (const bytes of [[2, 1, 2, 3], [], [0x7b, 0x22], [0xff], [0x6e, 0x75, 0x6c, 0x6c]]) {
    expect(() => intake.receive(Buffer.from(bytes))).not.toThrow();
  }
  expect(unread).toBeGreaterThan(0);
  intake.receive(closed);
  expect(passed).toEqual(["closed"]);
});
