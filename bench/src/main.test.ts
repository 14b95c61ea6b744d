// What the bench says before it measures anything, and the sentence with which it ends.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Ground } from "./ground.ts";
import { bench } from "./main.ts";
import { formatMachine, verdictOf } from "./report.ts";
import { row, unjudged } from "./row.ts";

const NOWHERE = {} as Ground; // Nothing may be started.

let out = "";
let err = "";

beforeEach(() => {
  [out, err] = ["", ""];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

test("an unknown case is named in one sentence, and nothing is measured", async () => {
  expect(await bench(["--case", "fan-1", "--case", "fan-11"], NOWHERE)).toBe(64);
  expect([out, err]).toEqual(["", 'There is no case "fan-11": --list names them all.\n']);
});

test("an option that isn't is reported with those that are; --help and --list are answers", async () => {
  expect(await bench(["--fast"], NOWHERE)).toBe(64);
  expect(err).toMatch(/Unknown option '--fast'[\s\S]*--smoke/);
  expect(await bench(["--help"], NOWHERE)).toBe(0);
  expect(await bench(["--list"], NOWHERE)).toBe(0);
  expect(out).toMatch(/--peers[\s\S]*^fan-1000 +1 emitter, 1000 readers/m);
});

test("the last sentence says whether anything was wrong, and where", () => {
  const fine = { name: "fan-1", about: "", rows: [], faults: [] };
  const wrong = { ...fine, name: "fan-10", faults: ["ours: 1 doubled"] };
  expect(verdictOf([fine])).toBe("In all of it no token was lost, doubled or reordered.");
  expect(verdictOf([fine, wrong])).toBe("Something was WRONG in fan-10: see there.");
});

test("a smoke run says that it is one, and judges no figure", () => {
  const machine = { processors: "", system: "", memoryGiB: 1, node: "", commit: "", date: "" };
  expect(formatMachine(machine, true)).toContain("nothing here shows how fast");
  expect(formatMachine(machine)).not.toContain("smoke");
  const slow = row({ what: "p99 µs", control: 1, ours: 9, atMost: 2 });
  expect([slow.reach?.isReached, unjudged(slow).reach]).toEqual([false, null]);
});
