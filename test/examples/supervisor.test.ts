// examples/supervisor, run as its README says.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { runExample } from "./example.ts";
import { NO_SERVER } from "./links.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

test("ends a pair that only answers each other, and prints what its page says", async () => {
  const page = await readFile(join(repositoryRoot(), "examples/supervisor/README.md"), "utf8");
  const { code, stdout, stderr } = await runExample("supervisor", [], { AMS_URL: ams.url }).ended;
  expect([code, stderr]).toEqual([0, ""]);
  expect(page).toContain(`\`\`\`\n${stdout}\`\`\``);
});

test("without a deployment it says so in one sentence", async () => {
  const { code, stderr } = await runExample("supervisor", [], { AMS_URL: NO_SERVER }).ended;
  expect(code).toBe(1);
  expect(stderr.match(/\n/g)).toHaveLength(1);
});
