/** The embedded log: the contract, and what survives a restart. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type LogWorld, logContract } from "../log.contract.ts";
import type { EntryId, Page } from "../log.ts";
import { after, START } from "../position.ts";
import { openEmbeddedLog } from "./embedded-log.ts";

const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ams-log-"));
  folders.push(folder);
  return folder;
}

function openAt(path: string, clock = { ms: 1_000_000 }, heard: [string, string][] = []) {
  const announce = (channel: string, event: string) => void heard.push([channel, event]);
  const opened = openEmbeddedLog({ path, announce, now: () => clock.ms });
  if (!opened.ok) throw new Error(opened.fault);
  return opened.value;
}

async function open(): Promise<LogWorld> {
  const clock = { ms: 1_000_000 };
  const heard: [string, string][] = [];
  const log = openAt(newFolder(), clock, heard);
  return {
    log,
    heard: (channel) =>
      Promise.resolve(heard.filter(([on]) => on === channel).map(([, text]) => text)),
    pass: (ms) => {
      clock.ms += ms;
      return Promise.resolve();
    },
    close: () => log.close(),
  };
}

logContract("embedded", open);

afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const NAME = { channel: "ams:{p1}:conv:g", terms: { ttl_s: 60, max_bytes: 1_048_576 } };

test("§7.1.2 a log survives a restart, with what it knows of removed batches", async () => {
  const [folder, clock] = [newFolder(), { ms: 1_000_000 }];
  const log = openAt(folder, clock);
  await log.append(NAME, Buffer.from("old"));
  clock.ms += 61_000;
  await log.append(NAME, Buffer.from("one"));
  await log.mark(NAME);
  await log.readAfter(NAME, START, 9);
  await log.close();
  const again = openAt(folder, clock);
  const page = await again.readAfter(NAME, START, 9);
  expect(page.entries.map(({ batch }) => batch.toString())).toEqual(["one"]);
  expect(page.removedTo).toEqual({ ms: 1_000_000, seq: 0 });
  await again.append(NAME, Buffer.from("two"));
  expect((await again.readAfter(NAME, START, 9)).entries).toHaveLength(2);
  await again.close();
});

test("§7.1 a log that nobody opens is trimmed too", async () => {
  const [folder, clock] = [newFolder(), { ms: 1_000_000 }];
  const log = openAt(folder, clock);
  await log.append(NAME, Buffer.from("one"));
  await log.close();
  clock.ms += 61_000;
  const again = openAt(folder, clock);
  await again.trim();
  expect((await again.readAfter(NAME, START, 9)).entries).toEqual([]);
  await again.close();
});

test("a folder that can't be used is a fault in one sentence", () => {
  const opened = openEmbeddedLog({ path: "/proc/none", announce: () => {} });
  expect(opened).toMatchObject({ ok: false, fault: expect.stringContaining("log") });
});

test("§7.3.7 a page of large entries ends early, forward and backward, and none is left out", async () => {
  const log = openAt(newFolder());
  const name = { ...NAME, terms: { ttl_s: 60, max_bytes: 16_777_216 } };
  const sizes = [10, 300_000, 10, 100_000, 100_000, 100_000, 10, 262_144];
  const ids = sizes.map((_, index) => index);
  const batchOf = (index: number) => Buffer.alloc(sizes[index] ?? 0, index);
  await Promise.all(ids.map((index) => log.append(name, batchOf(index))));
  const forward: number[][] = [];
  for (let at = START; ; ) {
    const { entries, isEnd } = await log.readAfter(name, at, 100);
    forward.push(entries.map(({ batch }) => batch[0] ?? -1));
    if (isEnd) break;
    const last = entries.at(-1);
    if (last === undefined) throw new Error("an empty page is not the last one");
    at = after(last);
  }
  expect(forward).toEqual([[0, 1], [2, 3, 4, 5], [6, 7], []]);
  const backward: number[][] = [];
  for (let before: EntryId | null = null; ; ) {
    const page: Page = await log.readBefore(name, before, 100);
    backward.push(page.entries.map(({ batch }) => batch[0] ?? -1));
    if (page.isEnd) break;
    before = page.entries[0] ?? null;
  }
  expect(backward).toEqual([[7], [3, 4, 5, 6], [1, 2], [0]]);
  await log.close();
});

test("§7.3.2 what is before an entry is read also when that entry is no longer there", async () => {
  const log = openAt(newFolder());
  await Promise.all(["a", "b"].map((text) => log.append(NAME, Buffer.from(text))));
  const { entries } = await log.readAfter(NAME, START, 9);
  const [first, second] = entries;
  if (first === undefined || second === undefined) throw new Error("nothing was read");
  const between = { ms: second.ms, seq: second.seq + 5 };
  const page = await log.readBefore(NAME, between, 9);
  expect(page.entries.map(({ batch }) => batch.toString())).toEqual(["a", "b"]);
  await log.close();
});
