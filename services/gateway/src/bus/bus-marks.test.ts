// Marks show a bus that carries nothing, whatever its connections say.
import { expect, test } from "vitest";
import { endOfTurn } from "../testing/fakes.ts";
import { MARK_TIMES, Marks } from "./bus-marks.ts";

const { everyMs, missedMs } = MARK_TIMES;
const TAG = "ams:{p1}";

/** Marks of one group on a bus that takes and carries them while it is set to. */
function open() {
  const calls: string[] = [];
  let nowMs = 1_000;
  const bus = { takes: true, carries: true };
  const marks: Marks = new Marks({
    publish: (at, payload) => {
      if (bus.takes && bus.carries) marks.heard(at, payload);
      return Promise.resolve(bus.takes);
    },
    unheard: () => calls.push("unheard"),
    untaken: () => calls.push("untaken"),
    restored: (tag) => calls.push(`restored ${tag}`),
    nowMs: () => nowMs,
    times: MARK_TIMES,
  });
  const channel = marks.begin(TAG);
  const pass = async (rounds: number, stepMs = everyMs) => {
    for (let round = 0; round < rounds; round += 1) {
      nowMs += stepMs;
      marks.round();
      await endOfTurn();
    }
  };
  return { bus, marks, calls, channel, pass };
}

const MISSED_ROUNDS = missedMs / everyMs + 1;

test("§5.9 while marks come round nothing is done, however long", async () => {
  const { marks, calls, pass } = open();
  await pass(20);
  expect([marks.areHeard(), calls]).toEqual([true, []]);
});

test("§5.9 a mark that Redis took and that doesn't come round for 5 s is a loss, reported once for each 5 s", async () => {
  const { bus, marks, calls, pass } = open();
  await pass(1);
  bus.carries = false;
  await pass(MISSED_ROUNDS);
  expect([marks.areHeard(), calls]).toEqual([false, ["unheard"]]);
  await pass(2 * MISSED_ROUNDS);
  expect(calls).toEqual(["unheard", "unheard", "unheard"]);
  bus.carries = true;
  await pass(MISSED_ROUNDS);
  expect([marks.areHeard(), calls.length]).toEqual([true, 3]);
});

test("§5.9 marks that Redis doesn't take say nothing of the subscriber: its own connection is made again", async () => {
  const { bus, marks, calls, pass } = open();
  bus.takes = false;
  await pass(MISSED_ROUNDS);
  expect([marks.areHeard(), calls]).toEqual([false, ["untaken"]]);
});

test("§5.9 after publishes that failed, the next mark that comes round reports that the group carries again", async () => {
  const { marks, calls, pass } = open();
  await pass(1);
  marks.failed(TAG);
  expect(calls).toEqual([]);
  await pass(3);
  expect(calls).toEqual([`restored ${TAG}`]);
});

test("§5.9 a process that was frozen itself reads what has come before it calls a mark missed", async () => {
  const { bus, calls, pass } = open();
  bus.carries = false;
  await pass(2);
  await pass(1, 10 * missedMs);
  expect(calls).toEqual([]);
});

test("a mark's channel lies beside the group's, and what isn't a mark of this process is none", () => {
  const { marks, channel } = open();
  expect(channel).toMatch(/^ams:\{p1\}:mark:[0-9a-f]{16}$/);
  expect(marks.begin(TAG)).toBeNull();
  for (const text of ["", "x", "-1", "99999999", "NaN", "1e3"]) {
    expect(marks.heard(channel ?? "", Buffer.from(text))).toBe(true);
  }
  expect(marks.heard("ams:{p1}:conv_1", Buffer.from("1"))).toBe(false);
});
