// The workflows of .github, by actionlint, and by rules that it doesn't know.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { repositoryRoot } from "../repository-root.ts";
import { run } from "./chart.ts";

const { AMS_ACTIONLINT } = process.env;
const FOLDER = join(repositoryRoot(), ".github/workflows");
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith(".yml"));

test.skipIf(AMS_ACTIONLINT === undefined).each(FILES)("actionlint finds nothing in %s", (file) => {
  const { status, stdout, stderr } = run(AMS_ACTIONLINT ?? "", [join(FOLDER, file)]);
  expect(status, stdout + stderr).toBe(0);
});

test.each(FILES)(
  "%s pins every action by its commit, and may only read unless it says so",
  (file) => {
    const text = readFileSync(join(FOLDER, file), "utf8");
    const { jobs, permissions } = parse(text);
    expect(permissions).toEqual({ contents: "read" });
    const steps = Object.values<{ steps: { uses?: string }[] }>(jobs).flatMap((job) => job.steps);
    const used = steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(action).toMatch(/^[\w./-]+@[0-9a-f]{40}$/);
  },
);
