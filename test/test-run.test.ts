// A run of the tests that hangs or crashes is ended, and still says what had passed and what was
// running.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { repositoryRoot } from "./repository-root.ts";

type Event = { at: string; test?: string };
type Run = {
  counts: { passed: number; failed: number; skipped: number };
  hasEnded: boolean;
  isStuck: boolean;
  running: string[];
};
type RunVitest = (options: {
  args: string[];
  env: NodeJS.ProcessEnv;
  stdio: "ignore";
  isStuck?: (silentMs: number, events: readonly Event[]) => boolean;
}) => Promise<Run>;

const script = new URL("../scripts/test-run.mjs", import.meta.url).href;
const { runVitest }: { runVitest: RunVitest } = await import(script);

const PASSES = 'test("one", () => {}); test("two", () => {}); test.skip("three", () => {});';

test("a run in which a test hangs is ended: what had passed counts, the hanging test is named", async () => {
  const run = await runFixture(
    { passes: PASSES, hangs: 'test("never", () => new Promise(() => {}), 1e8);' },
    (_, events) => events.filter(({ at }) => at === "test-end").length === 3 && starts(events),
  );
  expect(run).toMatchObject({ isStuck: true, hasEnded: false });
  expect(run.counts).toEqual({ passed: 2, failed: 1, skipped: 1 });
  expect(run.running).toEqual([expect.stringMatching(/hangs\.test\.mjs > never$/)]);
});

test("a run that ends counts failed tests, failed hooks and files that can't be read", async () => {
  const run = await runFixture({
    passes: PASSES,
    fails: 'test("fails", () => { throw new Error("expected"); });',
    hook: 'beforeAll(() => { throw new Error("expected"); }); test("a", () => {});',
    broken: "import './not-there.mjs';",
  });
  expect(run).toMatchObject({ isStuck: false, hasEnded: true, running: [] });
  expect(run.counts).toMatchObject({ passed: 2, failed: 3 });
});

test("a run without a test has failed", async () => {
  const run = await runFixture({});
  expect(run.counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

function starts(events: readonly Event[]): boolean {
  return events.some(({ at, test }) => at === "test-start" && test === "never");
}

function runFixture(
  files: Readonly<Record<string, string>>,
  isStuck?: (silentMs: number, events: readonly Event[]) => boolean,
): Promise<Run> {
  const parent = join(repositoryRoot(), ".ams"); // Below the repository, so that `vitest` resolves.
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "test-run-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "vitest.config.mjs"), "export default {};");
  for (const [name, text] of Object.entries(files)) {
    const imports = 'import { beforeAll, test } from "vitest";';
    writeFileSync(join(folder, `${name}.test.mjs`), `${imports}\n${text}\n`);
  }
  const outer = Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST"));
  const args = ["--root", folder];
  return runVitest({
    args,
    env: Object.fromEntries(outer),
    stdio: "ignore",
    ...(isStuck === undefined ? {} : { isStuck }),
  });
}
