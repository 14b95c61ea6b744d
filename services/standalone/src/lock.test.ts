/** One process at a time on one state folder. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLock } from "./lock.ts";
import { startedAt } from "./process-identity.ts";

let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ams-lock-"));
  path = join(folder, "lock");
});

afterEach(() => rmSync(folder, { recursive: true }));

test("a lock that a live process holds is refused, and its pid is named", () => {
  writeLock({ pid: process.ppid, started: startedAt(process.ppid), url: null });
  expect(takeLock(path)).toEqual({ ok: false, heldBy: process.ppid });
  expect(readdirSync(folder)).toEqual(["lock"]);
});

test("the lock of a dead process is taken over", () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeLock({ pid, started: "long ago", url: null });
  expect(takeLock(path).ok).toBe(true);
  expect(JSON.parse(readFileSync(path, "utf8")).pid).toBe(process.pid);
  expect(readdirSync(folder)).toEqual(["lock"]);
});

test("a live process that has a dead holder's pid by chance doesn't hold its lock", () => {
  writeLock({ pid: process.ppid, started: "another boot/12345", url: null });
  expect(takeLock(path).ok).toBe(true);
});

test("a lock that nobody can read holds nothing", () => {
  writeFileSync(path, "{");
  expect(takeLock(path).ok).toBe(true);
});

test("a released lock is gone, and one that another process has taken since stays", () => {
  const first = takeLock(path);
  if (!first.ok) throw new Error("not taken");
  first.value.release();
  expect(readdirSync(folder)).toEqual([]);
  writeLock({ pid: process.ppid, started: null, url: null });
  first.value.release();
  expect(readdirSync(folder)).toEqual(["lock"]);
});

test("the holder reports where it can be reached, and which demo is its own", () => {
  const taken = takeLock(path);
  if (!taken.ok) throw new Error("not taken");
  taken.value.announce({ url: "http://127.0.0.1:1", demo_file: "demo.json" });
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
    pid: process.pid,
    url: "http://127.0.0.1:1",
    demo_file: "demo.json",
  });
});

function writeLock(holder: object): void {
  writeFileSync(path, JSON.stringify(holder));
}
