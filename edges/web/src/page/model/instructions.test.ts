import { expect, test } from "vitest";
import { metadataOf, spaceFor, TITLE_CHARACTERS_MAX, titleOf } from "./instructions.ts";

const of = (instructions: string, title = "") => ({ title, instructions });

/** Bytes of `{"instructions":""}`. */
const FRAME_BYTES = 19;

test("§2.3.3 what fits to the byte is enough, and one byte more is not", () => {
  const full = "x".repeat(16_384 - FRAME_BYTES);
  expect(JSON.stringify(metadataOf(of(full)))).toHaveLength(16_384);
  expect(spaceFor(of(full))).toEqual({ isEnough: true, hint: "Space left: 0 bytes." });
  expect(spaceFor(of(`${full}x`)).isEnough).toBe(false);
  expect(spaceFor(of(`${full}x`)).hint).toContain("Too long by 1 byte.");
});

test("bytes count, and what JSON escapes counts as escaped", () => {
  expect(spaceFor(of("é".repeat(8_200))).isEnough).toBe(false);
  expect(spaceFor(of("\n".repeat(9_000))).isEnough).toBe(true); // Space at both ends is taken off.
  expect(spaceFor(of(`a${"\n".repeat(9_000)}b`)).isEnough).toBe(false);
});

test("while there is plenty of space nothing is said", () => {
  expect(spaceFor(of("Be brief.")).hint).toBe("");
  expect(metadataOf(of("  "))).toEqual({});
});

test("a title is part of the metadata, counts as such, and is read back", () => {
  expect(metadataOf(of("Be brief.", " Review "))).toEqual({
    title: "Review",
    instructions: "Be brief.",
  });
  expect(spaceFor(of("x".repeat(16_384 - FRAME_BYTES), "t")).isEnough).toBe(false);
  expect(titleOf({ title: " Review " })).toBe("Review");
  expect(titleOf({ title: "x".repeat(1_000) })).toHaveLength(TITLE_CHARACTERS_MAX);
  for (const metadata of [undefined, {}, { title: "  " }, { title: 7 }]) {
    expect(titleOf(metadata)).toBe(null);
  }
});
