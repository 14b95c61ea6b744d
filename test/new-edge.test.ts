// Adding an edge changes its own folder and the lists that CONTRIBUTING names. Shown by one that is
// added in a copy of the working tree, and passes what `npm run check` checks of it there.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { watchFolder } from "./cluster/watchdog.ts";
import { copyTree, runIn } from "./new-edge/copy.ts";
import { ADDITIONS, type Addition, FILES, MADE } from "./new-edge/hello.ts";
import { repositoryRoot } from "./repository-root.ts";
import { startStandalone } from "./standalone.ts";

const ROOT = repositoryRoot();
const NODE = "node_modules";
/** Milliseconds: programs that take seconds on a machine that does nothing else. */
const PATIENCE_MS = 300_000;
let copy = "";

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), "ams-new-edge-"));
  watchFolder(copy);
  copyTree(ROOT, copy);
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
  for (const addition of ADDITIONS) add(addition);
  // As `npm install` does.
  symlinkSync("../../edges/hello", join(copy, NODE, "@ams/hello"));
  // `npm run docs`, which compiles what it reads.
  await expectSuccess("scripts/operations.mjs");
}, PATIENCE_MS);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test("a new edge is in its own folder, in the lists, and in what is made from them", () => {
  const listed = ADDITIONS.map(({ path }) => path);
  const expected = new Set([...Object.keys(FILES), ...listed, ...MADE]);
  expect(changedFiles().toSorted()).toEqual([...expected].toSorted());
});

test(
  "it keeps to format, lint, boundaries, tidiness and the lists of the deployment",
  async () => {
    const touched = [...Object.keys(FILES), ...ADDITIONS.map(({ path }) => path)];
    const code = [...new Set(touched)].filter((path) => /\.(?:ts|json)$/.test(path));
    await expectSuccess(
      `${NODE}/@biomejs/biome/bin/biome`,
      "ci",
      "--colors=off",
      "--error-on-warnings",
      ...code,
    );
    await expectSuccess(`${NODE}/turbo/bin/turbo`, "boundaries", "--no-color");
    const tests = ["test/tidy.test.ts", "test/deploy.test.ts", "test/deploy/lists.test.ts"];
    // Caddy reads the table as the test of the file does, and takes seconds for it.
    const filter = ["--testNamePattern", "^(?!Caddy with )"];
    const vitest = [`${NODE}/vitest/vitest.mjs`, "run", "--project", "together", ...filter];
    await expectSuccess(...vitest, ...tests);
  },
  PATIENCE_MS,
);

test("it answers on the one port of a standalone, and as a process is started by name", async () => {
  const standalone = await startStandalone({ AMS_HELLO_GREETING: "Welcome" }, copy);
  try {
    const answer = await fetch(`${standalone.url}/_hello/world`);
    expect([answer.status, await answer.text()]).toEqual([200, "Welcome, world!\n"]);
  } finally {
    await standalone.stop();
  }
  const usage = await runIn(copy, ["scripts/cluster.mjs", "--help"]);
  expect(usage.output).toContain("hello");
});

function add({ path, text, before, behind }: Addition): void {
  const whole = readFileSync(join(copy, path), "utf8");
  const mark = before ?? behind ?? "";
  const at = whole.indexOf(mark) + (behind?.length ?? 0);
  if (!whole.includes(mark)) throw new Error(`${path} has no ${mark}`);
  writeFileSync(join(copy, path), whole.slice(0, at) + text + whole.slice(at));
}

async function expectSuccess(...args: readonly string[]): Promise<void> {
  const { status, output } = await runIn(copy, args);
  expect(status, output).toBe(0);
}

/** Files of the copy that are not the same in the working tree, but for what a build makes. */
function changedFiles(): readonly string[] {
  return filesBelow(copy).filter((path) => {
    const original = readOrNull(join(ROOT, path));
    return original === null || !original.equals(readFileSync(join(copy, path)));
  });
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return /^(?:node_modules|dist|\.turbo|\.ams-.*)$/.test(entry.name) ? [] : filesBelow(path);
    return entry.isFile() && !entry.name.endsWith(".tsbuildinfo") ? [relative(copy, path)] : [];
  });
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
