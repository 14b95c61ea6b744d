// examples/workflow-order and its twin in Python, run as their READMEs say.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPython, makeEnvironment } from "../python/environment.ts";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { runExample, runProgram } from "./example.ts";
import { NO_SERVER } from "./links.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

/** What the page says that it prints: its second block. */
function printed(name: string): string {
  const page = readFileSync(join(repositoryRoot(), "examples", name, "README.md"), "utf8");
  return page.split(/^```.*\n/m)[3] ?? "";
}

test("steps, a remark, sub-agents, a rollback, a stop, and the proof of all of it", async () => {
  const { code, stdout, stderr } = await runExample("workflow-order", [], { AMS_URL: ams.url })
    .ended;
  expect([code, stderr, stdout]).toEqual([0, "", printed("workflow-order")]);
});

test("where no AMS answers it says so in a sentence", async () => {
  const { code, stderr } = await runExample("workflow-order", [], { AMS_URL: NO_SERVER }).ended;
  expect([code, stderr.trim().split("\n").length]).toEqual([1, 1]);
});

const python = findPython();
describe.skipIf(python === null)("in Python", () => {
  test("the same", async () => {
    const command = python === null ? "" : makeEnvironment(python);
    const path = "examples/workflow-order-python/workflow_order.py";
    const PYTHONPATH = join(repositoryRoot(), "sdk/python/src");
    const run = (url: string) => runProgram(command, [path], { AMS_URL: url, PYTHONPATH }).ended;
    const { code, stdout, stderr } = await run(ams.url);
    expect([code, stderr, stdout]).toEqual([0, "", printed("workflow-order-python")]);
    expect((await run(NO_SERVER)).code).toBe(1);
  }, 300_000);
});
