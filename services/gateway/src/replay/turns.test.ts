import type { Page } from "@ams/log";
import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

/** Turns by a clock that stands still, in an event loop that goes around when it is let. */
function open() {
  const loop = { nowMs: 0, around: 0, callbacks: [] as (() => void)[] };
  const turns = new Turns({
    now: () => loop.nowMs,
    nextTurn: (callback) => void loop.callbacks.push(callback),
    whenSettled: (callback) => queueMicrotask(() => process.nextTick(callback)),
  });
  const goAround = async () => {
    loop.around += 1;
    for (const callback of loop.callbacks.splice(0)) callback();
    await new Promise(setImmediate);
  };
  return { turns, loop, goAround };
}

/** A reader of so many pages; `taken` notes each of them. */
async function readPages(turns: Turns, account: string, pages: number, take: () => void) {
  for (let page = 0; page < pages; page += 1) {
    await turns.wait(account);
    take();
  }
}

test("§7.3.7 no reader has a turn before the event loop has gone around", async () => {
  const { turns, goAround } = open();
  let taken = 0;
  void readPages(turns, "a", 1, () => {
    taken += 1;
  });
  await new Promise(setImmediate);
  expect(taken).toBe(0);
  await goAround();
  expect(taken).toBe(1);
});

test("§7.3.7 forty readers take no more of a turn of the event loop than its milliseconds", async () => {
  const { turns, loop, goAround } = open();
  let taken = 0;
  const take = () => {
    taken += 1;
    loop.nowMs += 2;
  };
  for (let reader = 0; reader < 40; reader += 1) void readPages(turns, "a", 5, take);
  for (let around = 1; taken < 200; around += 1) {
    await goAround();
    expect(taken).toBe(Math.min(200, around * 3));
  }
});

test("§7.3.7 nor more than its bytes, however fast that was", async () => {
  const { turns, goAround } = open();
  let taken = 0;
  const take = () => {
    taken += 1;
    turns.spend(262_144);
  };
  for (let reader = 0; reader < 40; reader += 1) void readPages(turns, "a", 5, take);
  await goAround();
  expect(taken).toBe(2);
  await goAround();
  expect(taken).toBe(4);
});

test("§7.3.7 accounts take turns, and within an account its readers", async () => {
  const { turns, loop, goAround } = open();
  const order: string[] = [];
  const take = (who: string) => () => {
    order.push(who);
    loop.nowMs += 5;
  };
  for (let reader = 0; reader < 40; reader += 1)
    void readPages(turns, "many", 2, take(`many ${reader}`));
  void readPages(turns, "one", 2, take("one"));
  for (let around = 0; around < 5; around += 1) await goAround();
  expect(order).toEqual(["many 0", "one", "many 1", "one", "many 2"]);
  while (order.length < 82) await goAround();
  expect(order.slice(-40)).toEqual(Array.from({ length: 40 }, (_, index) => `many ${index}`));
});

test("§7.3.7 who has read a page sends it before others of the account read theirs", async () => {
  const { turns, goAround } = open();
  const order: string[] = [];
  void turns.wait("a").then(() => order.push("reads"));
  void turns.wait("a", true).then(() => order.push("sends"));
  await goAround();
  expect(order).toEqual(["sends", "reads"]);
});

test("§7.3.7 readers at the same place are given the same page, but never the last one", async () => {
  const { turns, loop, goAround } = open();
  let reads = 0;
  const read = async (page: Pick<Page, "isEnd">): Promise<Page> => {
    reads += 1;
    return { ...page, entries: [], removedTo: null };
  };
  const at = { ms: 1, seq: 2, frames: 0 };
  const more = () => turns.page("c", at, 64, () => read({ isEnd: false }));
  const last = () => turns.page("c", { ...at, ms: 9 }, 64, () => read({ isEnd: true }));
  const others = Array.from({ length: 40 }, () => turns.wait("a"));
  expect(await more()).toBe(await more());
  expect(reads).toBe(1);
  expect(await last()).not.toBe(await last());
  await turns.page("d", at, 64, () => read({ isEnd: false }));
  expect(reads).toBe(4);
  loop.nowMs += 1_000;
  await goAround();
  await Promise.all(others);
  await more();
  expect(reads).toBe(5);
});
