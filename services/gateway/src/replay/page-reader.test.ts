import { expect, test } from "vitest";
import { toStream } from "../conversation/live-stream.ts";
import { entryOf, streamId } from "../testing/fakes.ts";
import { PageReader } from "./page-reader.ts";

/** A token as the bus carries it. */
function token(epoch: number, n: number): Buffer {
  const ts = "2026-01-31T12:00:00.000Z";
  const name = { stream_id: streamId(1), stream_name: "stream-1", owner_account_id: "acc_1" };
  const frame = { type: "token", ...name, ts, seq: `${epoch}-${n}`, data: "x" };
  return Buffer.from(JSON.stringify(frame));
}

test("§4.7 what passed here and is not in the log is a gap before the reader is live, said once", () => {
  const reader = new PageReader({ tag: "t", wants: () => true, mode: "frames" });
  expect(reader.live(token(5, 1))).toHaveLength(1);
  const stream = { ...toStream(entryOf(1, 5), 4) };
  const gaps = reader.tailsOf([stream]).map((text) => JSON.parse(text));
  expect(gaps).toEqual([
    { type: "x_gap", stream_id: streamId(1), after: "5-1", before: "5-5", reason: "not_kept" },
  ]);
  expect(reader.tailsOf([stream])).toEqual([]);
  expect(reader.live(token(5, 5))).toHaveLength(1);
});

test("§4.7 a stream of which the reader has all, or has read nothing, has no such gap", () => {
  const reader = new PageReader({ tag: "t", wants: () => true, mode: "frames" });
  reader.live(token(5, 4));
  const streams = [toStream(entryOf(1, 5), 4), toStream(entryOf(2, 6), 9)];
  expect(reader.tailsOf(streams)).toEqual([]);
  const unheard = [toStream(entryOf(1, 5), null), toStream(entryOf(2, 6), null)];
  expect(reader.tailsOf(unheard)).toEqual([]);
  expect(unheard.map(({ lastN }) => lastN)).toEqual([4, null]);
});
