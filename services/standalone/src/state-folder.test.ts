/** What lies in the state folder is its owner's alone and stays. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStateFolder, type StateFolder } from "./state-folder.ts";

let parent = "";

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "ams-state-"));
});

afterEach(() => rmSync(parent, { recursive: true }));

test("the folder is made 0700 and everything in it 0600", () => {
  const folder = open();
  expect(modeOf(folder.path)).toBe(0o700);
  expect(modeOf(folder.peppersFile)).toBe(0o600);
  expect(modeOf(folder.file("lock"))).toBe(0o600);
});

test("a file of secrets that came with a wider mode is tightened; a folder that was there keeps its own", () => {
  const first = open();
  first.lock.release();
  chmodSync(first.path, 0o755);
  chmodSync(first.peppersFile, 0o644);
  writeFileSync(first.file("demo.json"), "{}", { mode: 0o644 });
  const again = open();
  expect(modeOf(again.path)).toBe(0o755);
  expect([modeOf(again.peppersFile), modeOf(again.file("demo.json"))]).toEqual([0o600, 0o600]);
});

test("a folder that can't be made is an error, also where Node's own way never ends", () => {
  expect(() => openStateFolder("/proc/nope/deep")).toThrow(/ENOENT|EACCES|EPERM/);
});

test("peppers are made once, of 64 random bytes each, and stay the same", () => {
  const first = open();
  const peppers = JSON.parse(readFileSync(first.peppersFile, "utf8"));
  expect(peppers.credential[0]).toMatch(/^[0-9a-f]{128}$/);
  expect(peppers.link[0]).toMatch(/^[0-9a-f]{128}$/);
  expect(peppers.link[0]).not.toBe(peppers.credential[0]);
  first.lock.release();
  expect(JSON.parse(readFileSync(open().peppersFile, "utf8"))).toEqual(peppers);
});

test("a second opening is refused with the pid that holds the folder", () => {
  open();
  expect(openStateFolder(join(parent, "state"))).toEqual({ ok: false, heldBy: process.pid });
});

test("what came back wider than it was made is tightened", () => {
  const first = open();
  const demo = first.file("demo.json");
  writeFileSync(demo, "{}");
  first.lock.release();
  mkdirSync(first.directoryFolder);
  chmodSync(first.directoryFolder, 0o755);
  for (const file of [demo, first.peppersFile]) chmodSync(file, 0o644);
  const modes = [open().directoryFolder, demo, first.peppersFile].map(modeOf);
  expect(modes).toEqual([0o700, 0o600, 0o600]);
});

test("a place where no folder can be made is refused at once", () => {
  const file = join(parent, "file");
  writeFileSync(file, "");
  expect(() => openStateFolder(join(file, "a", "b"))).toThrow("ENOTDIR");
});

function open(): StateFolder {
  const opened = openStateFolder(join(parent, "state"));
  if (!opened.ok) throw new Error(`held by ${opened.heldBy}`);
  return opened.value;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
