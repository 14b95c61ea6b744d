// The official conformance suite of MCP, both revisions, at the link and at /mcp.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { ask, initialize, messages } from "./raw.ts";
import { startWorld, type World } from "./world.ts";

const run = promisify(execFile);
const require = createRequire(import.meta.url);

const { serverNode } = await import(new URL("../../scripts/server-node.mjs", import.meta.url).href);

const SUITE = "@modelcontextprotocol/conformance/dist/index.js";
const EXPECTED = join(repositoryRoot(), "test/mcp/official-expected-failures.yml");
/** The suite is written for Node 22; where this one is older, the registry's is fetched once. */
const NODE_MAJOR = 22;
const OUTPUT_BYTES_MAX = 16_777_216;

let world: World;
let folder: string;
beforeAll(async () => {
  [world, folder] = await Promise.all([startWorld(), mkdtemp(join(tmpdir(), "ams-official-"))]);
});
afterAll(async () => {
  await Promise.all([world.stop(), rm(folder, { recursive: true })]);
});

test.each([
  ["2025-11-25", "the link", 31, 8],
  ["2025-11-25", "/mcp", 31, 8],
  ["2026-07-28", "the link", 20, 5],
  ["2026-07-28", "/mcp", 20, 5],
] as const)(
  "revision %s at %s: nothing fails but what needs the suite's own fixtures, and what passed before passes",
  async (revision, place, scenarios, passing) => {
    const { link } = await world.conversation();
    const url = place === "the link" ? link : `${world.url}/mcp`;
    const { code, output } = await suite(url, revision);
    const summary = output.slice(output.indexOf("=== SUMMARY ==="));
    expect(summary.match(/^[✓✗] /gm)?.length, output).toBe(scenarios);
    expect(summary.match(/^✓ /gm)?.length, summary).toBe(passing);
    expect(code, output).toBe(0);
  },
);

test("each scenario that may fail asks for a fixture of the suite, or a capability that isn't claimed", async () => {
  const { link } = await world.conversation();
  const answer = await ask(link, { body: initialize() });
  const [hello] = await messages(answer);
  const { capabilities } = Object(Object(hello).result);
  const code = await readFile(require.resolve(SUITE), "utf8");
  const lines = (await readFile(EXPECTED, "utf8")).split("\n").filter((one) => /^ +- /.test(one));
  expect(lines).toHaveLength(23);
  for (const line of lines) {
    const [, scenario = "", kind = "", what = ""] = /^ +- (\S+) # (\w+) (\S+)$/.exec(line) ?? [];
    expect(code, line).toContain(scenario);
    if (kind === "capability") expect(Object.keys(capabilities), line).not.toContain(what);
    else expect([kind, code.includes(what)], line).toEqual(["fixture", true]);
  }
});

async function suite(url: string, revision: string) {
  const major = Number(process.versions.node.split(".")[0]);
  const node = major >= NODE_MAJOR ? process.execPath : serverNode();
  const asked = ["server", "--url", url, "--spec-version", revision];
  const rest = ["--expected-failures", EXPECTED];
  try {
    const file = require.resolve(SUITE);
    const options = { cwd: folder, maxBuffer: OUTPUT_BYTES_MAX };
    const { stdout } = await run(node, [file, ...asked, ...rest], options);
    return { code: 0, output: stdout };
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || !("stdout" in error)) throw error;
    return { code: error.code, output: String(error.stdout) };
  }
}
