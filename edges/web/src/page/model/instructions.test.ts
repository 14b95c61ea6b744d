import { expect, test } from "vitest";
import { metadataOf, roomFor } from "./instructions.ts";

/** Bytes of `{"instructions":""}`. */
const FRAME_BYTES = 19;

test("§2.3.3 what fits to the byte is enough, and one byte more is not", () => {
  const full = "x".repeat(16_384 - FRAME_BYTES);
  expect(JSON.stringify(metadataOf(full))).toHaveLength(16_384);
  expect(roomFor(full)).toEqual({ isEnough: true, hint: "Room left: 0 bytes." });
  expect(roomFor(`${full}x`).isEnough).toBe(false);
  expect(roomFor(`${full}x`).hint).toContain("Too long by 1 byte.");
});

test("bytes count, and what JSON escapes counts as escaped", () => {
  expect(roomFor("é".repeat(8_200)).isEnough).toBe(false);
  expect(roomFor("\n".repeat(9_000)).isEnough).toBe(true); // Space at both ends is taken off.
  expect(roomFor(`a${"\n".repeat(9_000)}b`).isEnough).toBe(false);
});

test("while there is plenty of room nothing is said", () => {
  expect(roomFor("Be brief.").hint).toBe("");
  expect(metadataOf("  ")).toEqual({});
});
