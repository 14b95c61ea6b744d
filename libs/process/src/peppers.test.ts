import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { PEPPER_SETTINGS, readPepperFile, readPeppers } from "./peppers.ts";
import { readSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "ams-peppers-"));
afterAll(() => rmSync(folder, { recursive: true }));

const A = "a".repeat(32);
const B = "b".repeat(32);
const C = "c".repeat(32);
const NONE = { AMS_CREDENTIAL_PEPPERS: [], AMS_LINK_PEPPERS: [], AMS_PEPPERS_FILE: null };

function fileOf(text: string): string {
  const path = join(folder, "peppers.json");
  writeFileSync(path, text);
  return path;
}

describe("peppers", () => {
  test("§1 the first of each list writes, and the others stay behind it", () => {
    const given = { ...NONE, AMS_CREDENTIAL_PEPPERS: [A, B], AMS_LINK_PEPPERS: [C] };
    expect(readPeppers(given)).toEqual({ ok: true, value: { credential: [A, B], link: [C] } });
  });

  test("both lists are missed at once", () => {
    const read = readPeppers(NONE);
    expect(read.ok ? [] : read.faults).toEqual([
      "AMS_CREDENTIAL_PEPPERS is needed (or AMS_PEPPERS_FILE)",
      "AMS_LINK_PEPPERS is needed (or AMS_PEPPERS_FILE)",
    ]);
  });

  test("a file holds both lists", () => {
    const path = fileOf(JSON.stringify({ credential: [A], link: [B, C] }));
    const read = readPeppers({ ...NONE, AMS_PEPPERS_FILE: path });
    expect(read).toEqual({ ok: true, value: { credential: [A], link: [B, C] } });
  });

  test.each([
    ["no JSON", "{ canary"],
    ["no object", "[]"],
    ["no link", JSON.stringify({ credential: [A] })],
    ["an empty list", JSON.stringify({ credential: [A], link: [] })],
    ["a short secret", JSON.stringify({ credential: ["canary"], link: [A] })],
  ])("§8 a file with %s is refused without repeating it", (_what, text) => {
    const read = readPeppers({ ...NONE, AMS_PEPPERS_FILE: fileOf(text) });
    expect(read.ok).toBe(false);
    expect(JSON.stringify(read)).not.toContain("canary");
  });

  test("a file that isn't there is named by its error code", () => {
    const read = readPeppers({ ...NONE, AMS_PEPPERS_FILE: join(folder, "absent.json") });
    expect(read.ok ? "" : read.faults[0]).toContain("ENOENT");
  });

  test("a file that the process has by itself is named by its path, not by a variable that nobody set", () => {
    const path = fileOf("{ canary");
    expect(readPepperFile(path, path)).toEqual({
      ok: false,
      faults: [expect.stringContaining(`${path} can't be read`)],
    });
  });

  test("§8 a pepper that is too short is a fault that doesn't show it", () => {
    const read = readSettings(PEPPER_SETTINGS, { AMS_LINK_PEPPERS: `${A},canary` });
    expect(read.ok).toBe(false);
    expect(JSON.stringify(read)).not.toContain("canary");
  });
});
