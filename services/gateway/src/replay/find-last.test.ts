import { type Entry, type Page, type ReplayLog, START } from "@ams/log";
import { expect, test } from "vitest";
import { BatchWriter } from "../bus/batch.ts";
import { streamId } from "../testing/fakes.ts";
import { LastFrames } from "./find-last.ts";

const NAME = { channel: "c", terms: { ttl_s: 60, max_bytes: 1_048_576 } };
const END = { ms: 9_999, seq: 0, frames: 0 };

/** Batch number `index` has a frame of each of these streams. */
function entry(index: number, streams: readonly number[]): Entry {
  const writer = new BatchWriter(Buffer.alloc(8));
  for (const number of streams) {
    const frame = Buffer.from(`{"type":"token","stream_id":"${streamId(number)}","data":"x"}`);
    frame.copy(writer.append(number, index, "token", frame.length));
  }
  return { ms: index, seq: 0, batch: Buffer.from(writer.take() ?? "") };
}

function open(entries: readonly Entry[]) {
  const asked = { reads: 0, turns: 0 };
  const readBefore = async (_: unknown, before: { ms: number } | null, most: number) => {
    asked.reads += 1;
    const found = entries.filter(({ ms }) => before === null || ms < before.ms);
    const page: Page = {
      entries: found.slice(-most),
      isEnd: found.length < most,
      removedTo: null,
    };
    return page;
  };
  const log = { readBefore } as unknown as ReplayLog;
  const turn = () => {
    asked.turns += 1;
    return Promise.resolve();
  };
  const last = new LastFrames({ kept: { log, name: NAME }, turn, spend: () => undefined });
  return { last, asked };
}

test("§7.3.2 readers that ask at the same time are answered by one search, each its own way", async () => {
  const { last, asked } = open(Array.from({ length: 300 }, (_, ms) => entry(ms + 1, [1, 2])));
  const all = () => true;
  const onlyFirst = (id: string) => id === streamId(1);
  const found = await Promise.all([
    last.find(3, all, END),
    last.find(3, onlyFirst, END),
    last.find(600, all, END),
    last.find(601, all, END),
    last.find(0, all, END),
    ...Array.from({ length: 40 }, () => last.find(100, onlyFirst, END)),
  ]);
  expect(found.slice(0, 5).map(({ from }) => from)).toEqual([
    { ms: 299, seq: 0, frames: 1 },
    { ms: 298, seq: 0, frames: 0 },
    { ms: 1, seq: 0, frames: 0 },
    START,
    END,
  ]);
  expect(new Set(found.slice(5).map(({ from }) => from.ms))).toEqual(new Set([201]));
  expect(asked).toEqual({ reads: 3, turns: 3 });
});

test("§7.3.2 whoever asks while a log is searched is answered by the next search", async () => {
  const { last, asked } = open(Array.from({ length: 300 }, (_, ms) => entry(ms + 1, [1])));
  const first = last.find(300, () => true, END);
  await Promise.resolve();
  await Promise.resolve();
  const more = Array.from({ length: 40 }, () => last.find(10, () => true, END));
  expect((await first).from.ms).toBe(1);
  for (const { from } of await Promise.all(more)) expect(from.ms).toBe(291);
  expect(asked.reads).toBe(4);
});

test("§7.3.2 a log that can't be read fails all that wait for it, and not those after them", async () => {
  const { last } = open([entry(1, [1])]);
  let isAway = true;
  const away = new LastFrames({
    kept: {
      name: NAME,
      log: {
        readBefore: () =>
          isAway
            ? Promise.reject(new Error("away"))
            : Promise.resolve({ entries: [], isEnd: true, removedTo: null }),
      } as unknown as ReplayLog,
    },
    turn: () => Promise.resolve(),
    spend: () => undefined,
  });
  const both = [away.find(1, () => true, END), away.find(2, () => true, END)];
  for (const result of await Promise.allSettled(both)) expect(result.status).toBe("rejected");
  isAway = false;
  expect((await away.find(1, () => true, END)).from).toEqual(START);
  expect((await last.find(1, () => true, END)).from.ms).toBe(1);
});
