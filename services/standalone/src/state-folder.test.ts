/** What lies in the state folder is its owner's alone and stays. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
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

function open(): StateFolder {
  const opened = openStateFolder(join(parent, "state"));
  if (!opened.ok) throw new Error(`held by ${opened.heldBy}`);
  return opened.value;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
