// The Python SDK: its own tests, each as a test here, against a deployment of its own; its types
// and its style; and its package, installed in an environment that knows nothing of the clone.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { findPython, makeEnvironment } from "./environment.ts";

type Result = { readonly id: string; readonly outcome: string; readonly why: string };

const SDK = join(repositoryRoot(), "sdk", "python");
const call = promisify(execFile);
const found = findPython();
const python = found === null ? "" : makeEnvironment(found);
const folder = await mkdtemp(join(tmpdir(), "ams-python-"));
const ams: Standalone | null = found === null ? null : await startStandalone();
const { results, output } = await runTests();

afterAll(async () => {
  await ams?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(found === null)("the Python SDK (needs Python 3.10 or later)", () => {
  test("its tests run to their end", () => {
    expect(output).toMatch(/\d+ passed/);
    expect(results.length).toBeGreaterThan(100);
  });

  test.each(results.map((result) => [result.id, result] as const))("%s", (_, result) => {
    expect(result).toMatchObject({ outcome: "passed" });
  });

  test("it is formatted, without findings of the linter, and typed strictly", async () => {
    const run = (...args: string[]) => call(python, ["-m", ...args], { cwd: SDK });
    expect((await run("ruff", "format", "--check", ".")).stdout).toMatch(/already formatted/);
    expect((await run("ruff", "check", ".")).stdout).toMatch(/All checks passed/);
    expect((await run("mypy")).stdout).toMatch(/Success/);
  }, 180_000);

  test("its wheel installs from the deployment and holds its types, and there is an sdist", async () => {
    const answer = await fetch(new URL("/_dist/packages.json", ams?.url));
    const { packages } = (await answer.json()) as { packages: readonly { file: string }[] };
    const files = packages.map(({ file }) => file);
    expect(files).toContain("ams_client-0.1.0.tar.gz");
    const wheel = files.find((name) => name.endsWith(".whl")) ?? "";
    const target = join(folder, "installed");
    const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", target];
    await call(python, [...pip, new URL(`/_dist/${wheel}`, ams?.url).href]);
    const program = "import ams_client, sys; print(ams_client.__file__)";
    const env = { ...process.env, PYTHONPATH: target };
    const { stdout } = await call(python, ["-c", program], { env, cwd: folder });
    expect(stdout.trim()).toBe(join(target, "ams_client", "__init__.py"));
    expect(await readdir(join(target, "ams_client"))).toContain("py.typed");
  }, 180_000);
});

async function runTests(): Promise<{ readonly results: readonly Result[]; output: string }> {
  if (ams === null) return { results: [], output: "" };
  const report = join(folder, "report.jsonl");
  const env = {
    ...process.env,
    AMS_TEST_URL: ams.url,
    AMS_TEST_REPORT: report,
    PYTHONPATH: join(SDK, "src"),
  };
  const run = call(python, ["-m", "pytest"], { cwd: SDK, env, timeout: 240_000 });
  const ended = await run.catch((error: { stdout?: string; stderr?: string }) => ({
    stdout: error.stdout ?? "",
    stderr: error.stderr ?? "",
  }));
  const lines = (await readFile(report, "utf8").catch(() => "")).split("\n").filter(Boolean);
  return {
    results: lines.map((line) => JSON.parse(line) as Result),
    output: ended.stdout + ended.stderr,
  };
}
