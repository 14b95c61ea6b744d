import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { JournalFold } from "../fold.ts";
import { journalContract } from "../journal.contract.ts";
import type { Journals } from "../journal.ts";
import { startWriter } from "../testing/killed-writer.ts";
import { openEmbeddedJournals } from "./embedded-journals.ts";

const KILLS = Number(process.env.AMS_JOURNAL_KILLS ?? 2);
const folders: string[] = [];
const WHOLE = { entries: 1_000, bytes: 64_000_000 };

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ams-journal-"));
  folders.push(folder);
  return folder;
}

function open(folder: string, kind: "memory" | "disk" = "memory"): Journals {
  const opened = openEmbeddedJournals({ folder, durability: { kind } });
  if (!opened.ok) throw new Error(opened.fault);
  return opened.value;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe("embedded", () => {
  const folder = newFolder();
  let current: Journals | null = null;
  journalContract({
    open: async () => {
      current ??= open(folder);
      return current;
    },
    restart: async () => {
      await current?.close();
      current = null;
    },
  });
  afterAll(() => current?.close());
});

test(`J2.4 a process that is killed between any two steps leaves all of an append or nothing, ${KILLS} times`, async () => {
  const folder = newFolder();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const place = { kind: "embedded", folder, durability: { kind: "disk" } } as const;
    const writer = startWriter(place, "killed", `w${kill}`);
    await writer.acknowledged(5 + 7 * kill);
    const { tried, acknowledged } = await writer.kill();
    const journals = open(folder, "disk");
    const { entries, head } = await journals.read("killed", 0, { ...WHOLE, entries: 1_000_000 });
    expect(entries.length).toBe(head);
    const kinds = entries.map(({ kind }) => kind).join("");
    expect(kinds).toBe("ab".repeat(head / 2));
    const keys = entries.filter(({ kind }) => kind === "a").map(({ key }) => key?.slice(0, -2));
    expect(keys).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(keys).size).toBe(keys.length);
    const own = keys.filter((key) => key?.startsWith(`w${kill}-`));
    expect(tried).toEqual(expect.arrayContaining(own));
    await journals.close();
  }
});

test("J2.2 a second process is refused by the lock, and the lock of a dead one is taken over", async () => {
  const folder = newFolder();
  const place = { kind: "embedded", folder, durability: { kind: "memory" } } as const;
  const writer = startWriter(place, "held", "w");
  await writer.acknowledged(1);
  const refused = openEmbeddedJournals({ folder, durability: { kind: "memory" } });
  expect(refused.ok ? "" : refused.fault).toMatch(/^Process \d+ already has the journals/);
  await writer.kill();
  await open(folder).close();
  writeFileSync(join(folder, "lock"), "nonsense");
  await open(folder).close();
});

test("J2.2 services of one process share a folder, and the last one closes it", async () => {
  const folder = newFolder();
  const [first, second] = [open(folder), open(folder)];
  expect(second).toBe(first);
  await first.close();
  const bytes = new Uint8Array();
  expect((await second.append("x", 0, [{ kind: "e", bytes }], 1)).ok).toBe(true);
  await second.close();
  expect((await open(folder).read("x", 0, WHOLE)).head).toBe(1);
  await open(folder).close();
});

test("J1.10 a restored older file is noticed, and nothing is appended to it", async () => {
  const [folder, copy] = [newFolder(), newFolder()];
  const append = (journals: Journals, head: number) =>
    journals.append("j", head, [{ kind: "e", bytes: new Uint8Array() }], 1);
  let journals = open(folder, "disk");
  await append(journals, 0);
  await journals.close();
  cpSync(folder, copy, { recursive: true });
  journals = open(folder, "disk");
  await append(journals, 1);
  const restored = open(copy, "disk");
  const forwarding: { inner: Journals } = { inner: journals };
  const moving: Journals = Object.assign(Object.create(journals), {
    read: (...given: Parameters<Journals["read"]>) => forwarding.inner.read(...given),
    loadSnapshot: async () => null,
  });
  const fold = new JournalFold(moving, "j", {
    format: "f",
    apply: () => {},
    save: () => new Uint8Array(),
    load: () => true,
  });
  await fold.catchUp();
  expect([fold.isRegressed, fold.known.head]).toEqual([false, 2]);
  forwarding.inner = restored;
  await fold.catchUp();
  expect(fold.isRegressed).toBe(true);
  const any = restored.append("j", "any", [{ kind: "e", bytes: new Uint8Array() }], 1, fold.known);
  expect(await any).toMatchObject({ ok: false, fault: "regressed", head: 1 });
  await Promise.all([journals.close(), restored.close()]);
});

test("J2.3 replicas are refused by a sentence", () => {
  const opened = openEmbeddedJournals({
    folder: newFolder(),
    durability: { kind: "replicas", count: 1 },
  });
  expect(opened.ok ? "" : opened.fault).toMatch(/has no replicas/);
});
