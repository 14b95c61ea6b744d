/** What every log promises: the suite that runs on both. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LogName, Page, ReplayLog } from "./log.ts";
import {
  after,
  compareIds,
  comparePositions,
  formatCursor,
  isRemoved,
  type Position,
  START,
  tagOfLog,
} from "./position.ts";

export type LogWorld = {
  readonly log: ReplayLog;
  /** What was announced on this channel. */
  readonly heard: (channel: string) => Promise<readonly string[]>;
  /** Lets so many milliseconds pass. */
  readonly pass: (ms: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

const TERMS = { ttl_s: 60, max_bytes: 1_048_576 };
let names = 0;

function fresh(terms = TERMS): LogName {
  names += 1;
  return { channel: `ams:{p1}:conv_${names}:g`, terms };
}

const textsOf = ({ entries }: Page) => entries.map(({ batch }) => batch.toString());

export function logContract(name: string, open: () => Promise<LogWorld>): void {
  describe(`the log, ${name}`, () => {
    let world: LogWorld;
    let log: ReplayLog;
    beforeAll(async () => {
      world = await open();
      log = world.log;
    });
    afterAll(() => world.close());

    async function append(name: LogName, count: number, from = 0): Promise<void> {
      const all = Array.from({ length: count }, (_, index) => Buffer.from(`b${from + index}`));
      expect(await Promise.all(all.map((batch) => log.append(name, batch)))).not.toContain(false);
    }

    test("§7.3 batches are read in the order in which they were appended, in pages", async () => {
      const name = fresh();
      await append(name, 5);
      const first = await log.readAfter(name, START, 3);
      expect(textsOf(first)).toEqual(["b0", "b1", "b2"]);
      expect(first.isEnd).toBe(false);
      const last = first.entries[2];
      if (last === undefined) throw new Error("nothing was read");
      const rest = await log.readAfter(name, after(last), 3);
      expect(textsOf(rest)).toEqual(["b3", "b4"]);
      expect(rest.isEnd).toBe(true);
      const again = await log.readAfter(name, { ...last, frames: 1 }, 3);
      expect(textsOf(again)).toEqual(["b2", "b3", "b4"]);
    });

    test("§7.3 what was appended before a reading is read, also without waiting for it", async () => {
      const name = fresh();
      const appended = log.append(name, Buffer.from("b0"));
      expect(textsOf(await log.readAfter(name, START, 9))).toEqual(["b0"]);
      expect(await appended).toBe(true);
    });

    test("§7.3.2 the latest batches are read backward, in pages", async () => {
      const name = fresh();
      await append(name, 5);
      const page = await log.readBefore(name, null, 2);
      expect(textsOf(page)).toEqual(["b3", "b4"]);
      const [first] = page.entries;
      if (first === undefined) throw new Error("nothing was read");
      const before = await log.readBefore(name, first, 4);
      expect(textsOf(before).slice(-1)).toEqual(["b2"]);
    });

    test("§7.2 a batch survives as it is, byte for byte", async () => {
      const name = fresh();
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      await log.append(name, bytes);
      const [entry] = (await log.readAfter(name, START, 9)).entries;
      expect(entry?.batch.equals(bytes)).toBe(true);
    });

    test("§7.2 behind the end of a log, an empty one too, only later batches are read", async () => {
      const name = fresh();
      const empty = await log.end(name);
      await world.pass(2);
      await append(name, 2);
      expect(textsOf(await log.readAfter(name, empty, 9))).toEqual(["b0", "b1"]);
      const end = await log.end(name);
      await append(name, 1, 2);
      expect(textsOf(await log.readAfter(name, end, 9))).toEqual(["b2"]);
    });

    test("§7.2 cursors sort as text in the order of the log", async () => {
      const name = fresh();
      const tag = tagOfLog(name.channel);
      const positions: Position[] = [];
      for (let index = 0; index < 20; index += 1) {
        await append(name, 1);
        positions.push(await log.end(name));
      }
      const cursors = positions.map((position) => formatCursor(tag, position));
      expect([...cursors].sort()).toEqual(cursors);
      expect([...positions].sort(comparePositions)).toEqual(positions);
    });

    test("§7.1 past max_bytes the oldest batches go, and a reader learns that they did", async () => {
      const name = fresh({ ttl_s: 60, max_bytes: 20_000 });
      const batch = Buffer.alloc(1_000, "x");
      await log.append(name, Buffer.alloc(1_000, "y"));
      const begin = await log.end(name);
      for (let index = 0; index < 60; index += 1) await log.append(name, batch);
      await log.mark(name);
      const page = await log.readAfter(name, START, 100);
      const bytes = page.entries.reduce((sum, one) => sum + one.batch.length, 0);
      expect(bytes).toBeLessThanOrEqual(20_000);
      expect(bytes).toBeGreaterThan(10_000);
      expect(isRemoved(begin, page.removedTo)).toBe(true);
      const [first] = page.entries;
      if (first === undefined) throw new Error("nothing was kept");
      expect(isRemoved({ ...first, frames: 0 }, page.removedTo)).toBe(false);
    });

    test("§7.1 whatever is appended, max_bytes is kept but for less than an entry", async () => {
      const sizes = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 60 });
      const max = fc.integer({ min: 1_024, max: 60_000 });
      await fc.assert(
        fc.asyncProperty(sizes, max, fc.integer({ min: 1, max: 20 }), keepsJustEnough),
        { numRuns: 40, seed: 14 },
      );
    });

    async function keepsJustEnough(
      sizes: readonly number[],
      max_bytes: number,
      markEvery: number,
    ): Promise<void> {
      const name = fresh({ ttl_s: 60, max_bytes });
      const ids: Position[] = [];
      for (const [index, size] of sizes.entries()) {
        await log.append(name, Buffer.alloc(size, index));
        ids.push(await log.end(name));
        if (index % markEvery === 0) await log.mark(name);
      }
      await log.mark(name);
      const { entries, removedTo } = await log.readAfter(name, START, 100);
      const kept = sizes.slice(sizes.length - entries.length);
      expect(entries.map(({ batch }) => batch.length)).toEqual(kept);
      const bytes = kept.reduce((sum, size) => sum + size, 0);
      expect(bytes).toBeLessThanOrEqual(max_bytes);
      const removed = sizes.length - kept.length;
      if (removed > 0) expect(bytes).toBeGreaterThan(max_bytes - (sizes[removed - 1] ?? 0));
      const last = ids[removed - 1];
      if (last === undefined) expect(removedTo).toBe(null);
      else expect(compareIds(removedTo ?? START, last)).toBe(0);
    }

    test("§7.1 one entry larger than max_bytes leaves nothing, and says so", async () => {
      const name = fresh({ ttl_s: 60, max_bytes: 1_024 });
      await log.append(name, Buffer.alloc(2_000, "x"));
      await log.mark(name);
      const { entries, removedTo } = await log.readAfter(name, START, 9);
      expect(entries).toEqual([]);
      expect(isRemoved(START, removedTo)).toBe(true);
      await log.append(name, Buffer.alloc(1_000, "y"));
      await log.mark(name);
      expect((await log.readAfter(name, START, 9)).entries).toHaveLength(1);
    });

    test("§7.1 what is older than ttl_s goes, and whoever had read it misses nothing", async () => {
      const name = fresh({ ttl_s: 1, max_bytes: 20_000 });
      await append(name, 3);
      const end = await log.end(name);
      await world.pass(1_100);
      await log.mark(name);
      const page = await log.readAfter(name, START, 9);
      expect(page.entries).toEqual([]);
      expect(isRemoved(START, page.removedTo)).toBe(true);
      expect(isRemoved(end, page.removedTo)).toBe(false);
      await append(name, 1, 3);
      expect(textsOf(await log.readAfter(name, end, 9))).toEqual(["b3"]);
    });

    test("§7.4 a mark announces how many batches were ever appended", async () => {
      const name = fresh();
      await log.mark(name);
      await append(name, 3);
      await log.mark(name);
      const marks = (await world.heard(name.channel))
        .filter((text) => text.startsWith("{"))
        .map((text) => JSON.parse(text));
      expect(marks).toHaveLength(2);
      expect(marks[1].added - marks[0].added).toBe(3);
      const { ms, seq, kind } = marks[1];
      expect(kind).toBe("kept");
      expect(await log.end(name)).toMatchObject({ ms, seq });
    });

    test("§7.1.3 a dropped log is gone, and others are not", async () => {
      const [one, other] = [fresh(), fresh()];
      await append(one, 2);
      await append(other, 2);
      await log.drop(one.channel);
      expect((await log.readAfter(one, START, 9)).entries).toEqual([]);
      expect(textsOf(await log.readAfter(other, START, 9))).toEqual(["b0", "b1"]);
    });
  });
}
