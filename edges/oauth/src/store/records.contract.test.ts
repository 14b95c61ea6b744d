/** What every store of records promises, on each of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisBinary, startRedisServer } from "@ams/store/testing";
import { afterAll, describe, expect, test } from "vitest";
import { memoryRecords, openEmbeddedRecords } from "./embedded-records.ts";
import type { Records } from "./records.ts";
import { openRedisRecords } from "./redis-records.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ams-oauth-"));
  folders.push(folder);
  return folder;
}

function contract(open: () => Promise<readonly [Records, () => Promise<void>]>): void {
  test("of any number who replace a record at once exactly one does; a removed one is gone", async () => {
    const [records, close] = await open();
    await records.set("k", "before", 60);
    const swaps = Array.from({ length: 20 }, (_, at) => records.swap("k", "before", `${at}`, 60));
    expect((await Promise.all(swaps)).filter((won) => won)).toHaveLength(1);
    expect(await records.get("k")).toMatch(/^\d+$/);
    expect(await records.swap("k", "before", "late", 60)).toBe(false);
    expect(await records.swap("none", "before", "late", 60)).toBe(false);
    await records.remove("k");
    expect(await records.get("k")).toBeNull();
    await close();
  });
}

describe("records in memory", () => {
  contract(async () => {
    const records = memoryRecords();
    return [records, () => records.close()];
  });
});

describe("records in a file", () => {
  contract(async () => {
    const records = openEmbeddedRecords(newFolder());
    return [records, () => records.close()];
  });

  test("a record holds until its end, over a restart", async () => {
    const [folder, clock] = [newFolder(), { ms: 1_000_000 }];
    const first = openEmbeddedRecords(folder, () => clock.ms);
    await first.set("k", "v", 10);
    await first.close();
    clock.ms += 9_999;
    const second = openEmbeddedRecords(folder, () => clock.ms);
    expect(await second.get("k")).toBe("v");
    clock.ms += 1;
    expect(await second.get("k")).toBeNull();
    expect(await second.swap("k", "v", "w", 10)).toBe(false);
    await second.close();
  });
});

describe.runIf(findRedisBinary() !== null)("records on Redis", () => {
  contract(async () => {
    const server = await startRedisServer();
    const records = await openRedisRecords(server.url);
    return [
      records,
      async () => {
        await records.close();
        await server.kill();
      },
    ];
  });
});
