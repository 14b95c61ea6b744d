// What clients send before they are attached: kept in order, within what one may keep and what all
// may.
import { EARLY_BYTES_MAX } from "@ams/protocol";
import { expect, test } from "vitest";
import { EarlyBudget, EarlyFrames } from "./early.ts";

const frameOf = (bytes: number) => new ArrayBuffer(bytes);

test("§4.4.5 early frames are given out once, in order, as they were when they came", () => {
  const early = new EarlyFrames(new EarlyBudget());
  const first = new Uint8Array([1, 2]);
  expect(early.keep(first.buffer, false)).toBe(true);
  first[0] = 9; // The library takes its memory back.
  expect(early.keep(frameOf(0), true)).toBe(true);
  const released = early.release();
  expect(released.map(({ frame, isBinary }) => [[...new Uint8Array(frame)], isBinary])).toEqual([
    [[1, 2], false],
    [[], true],
  ]);
  expect(early.release()).toEqual([]);
});

test("§4.4.5 one socket keeps so many bytes, 64 counted for each frame, and not one more", () => {
  const budget = new EarlyBudget();
  const exact = new EarlyFrames(budget);
  expect(exact.keep(frameOf(EARLY_BYTES_MAX - 64), false)).toBe(true);
  expect(exact.keep(frameOf(0), false)).toBe(false);
  expect(new EarlyFrames(budget).keep(frameOf(EARLY_BYTES_MAX - 63), false)).toBe(false);
});

test("§4.4.5 all who wait keep no more than the gateway has for them, and what is released is free again", () => {
  const budget = new EarlyBudget();
  const kept: EarlyFrames[] = [];
  for (;;) {
    const early = new EarlyFrames(budget);
    if (!early.keep(frameOf(1_000_000), false)) break;
    kept.push(early);
    expect(kept.length).toBeLessThan(100);
  }
  expect(kept.length).toBe(Math.floor(67_108_864 / 1_000_064));
  kept[0]?.release();
  expect(new EarlyFrames(budget).keep(frameOf(1_000_000), false)).toBe(true);
});
