// The adapters for agent frameworks in Python, each by its example, with a fake model and without
// a network; and that each stays small.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import {
  FRAMEWORKS,
  findFrameworksPython,
  makeEnvironment,
  makeFrameworks,
} from "./environment.ts";

const ROOT = repositoryRoot();
const EXAMPLES = join(ROOT, "examples");
const FOLDER = join(EXAMPLES, "adapters", "python");
const ADAPTERS = ["openai_agents", "langgraph", "pydantic_ai", "crewai", "ag2"];
/** A file of an adapter: what a reader copies. */
const LINES_MAX = 60;
/** What is compiled is kept beside the packages: no example's folder gets files. */
const CACHE = join(FRAMEWORKS, "pycache");
/** No usage data and no traces. */
const QUIET = {
  OPENAI_AGENTS_DISABLE_TRACING: "1",
  CREWAI_DISABLE_TELEMETRY: "true",
  CREWAI_TRACING_ENABLED: "false",
  OTEL_SDK_DISABLED: "true",
};
const call = promisify(execFile);
const found = findFrameworksPython();
if (found === null) console.warn("SKIPPED: the frameworks need Python 3.11 to 3.13 with venv.");

describe.skipIf(found === null)("adapters (need Python 3.11 to 3.13)", () => {
  let ams: Standalone;
  let python = "";

  beforeAll(async () => {
    if (found !== null) python = makeFrameworks(found);
    ams = await startStandalone();
  }, 600_000);
  afterAll(() => ams.stop());

  test.concurrent.each([
    ...ADAPTERS.map((name) => [`adapters/python/example_${name}.py`, "adapters/README.md"]),
    ["two-frameworks/two_frameworks.py", "two-frameworks/README.md"],
  ])(
    "%s prints what its page says",
    async (program = "", page = "") => {
      const text = await readFile(join(EXAMPLES, page), "utf8");
      const [, says = ""] = text.split(`python examples/${program}\n\`\`\`\n\`\`\`\n`);
      const offline = join(ROOT, "test", "python", "offline.py");
      const args = ["-W", "error::RuntimeWarning", offline, join(EXAMPLES, program)];
      const { PATH, HOME } = process.env;
      const sdk = join(ROOT, "sdk", "python", "src");
      const own = { AMS_URL: ams.url, PYTHONPATH: sdk, PYTHONPYCACHEPREFIX: CACHE };
      const env = { PATH, HOME, ...own, ...QUIET };
      const { stdout } = await call(python, args, { cwd: ams.folder, env, timeout: 280_000 });
      expect(stdout).toBe(says.split("```")[0]);
    },
    180_000,
  );

  test.each(ADAPTERS)(`%s is at most ${LINES_MAX} lines`, async (name) => {
    const lines = (await readFile(join(FOLDER, `ams_${name}.py`), "utf8")).trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(LINES_MAX);
  });

  test("they are formatted, and without findings of the linter", async () => {
    if (found === null) return;
    const ruff = (...args: string[]) =>
      call(makeEnvironment(found), [
        "-m",
        "ruff",
        ...args,
        FOLDER,
        join(EXAMPLES, "two-frameworks"),
      ]);
    expect((await ruff("format", "--check")).stdout).toMatch(/already formatted/);
    expect((await ruff("check")).stdout).toMatch(/All checks passed/);
  });
});
