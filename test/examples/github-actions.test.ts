// examples/github-actions: the steps of its workflow, run by bash as the runner does.
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { promisify } from "node:util";
import { join } from "@ams/client";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { mint } from "./conversation.ts";

type Step = { readonly name?: string; readonly shell?: string; readonly run?: string };

const ROOT = repositoryRoot();
const FILE = path(ROOT, "examples", "github-actions", "live-log.yml");
const steps: readonly Step[] = parse(await readFile(FILE, "utf8")).jobs.build.steps;
const call = promisify(execFile);

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

/** A runner: its folder, with `ams` in it, and what its steps left in the environment. */
async function startRunner(build: string) {
  const folder = await mkdtemp(path(tmpdir(), "ams-runner-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const program = path(ROOT, "cli", "dist", "main.js");
  await writeFile(path(folder, "ams"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  await chmod(path(folder, "ams"), 0o755);
  await writeFile(path(folder, "build.sh"), build);
  const { account } = await mint(ams.url);
  const env: Record<string, string> = {
    PATH: `${folder}:${process.env.PATH}`,
    HOME: folder,
    RUNNER_TEMP: folder,
    GITHUB_ENV: path(folder, "env"),
    GITHUB_STEP_SUMMARY: path(folder, "summary"),
    AMS_URL: ams.url,
    AMS_NAMESPACE: account.namespace,
    AMS_CREDENTIAL: account.credential,
    BUILD: `bash ${path(folder, "build.sh")}`,
  };
  const run = async (name: string) => {
    const step = steps.find((one) => one.name === name);
    expect(step?.shell).toBe("bash");
    const file = path(folder, "step.sh");
    await writeFile(file, step?.run ?? "");
    const args = ["--noprofile", "--norc", "-eo", "pipefail", file];
    const exported = await readFile(env.GITHUB_ENV ?? "", "utf8").catch(() => "");
    const [key = "", ...value] = exported.trim().split("=");
    const all = { ...env, ...(key ? { [key]: value.join("=") } : {}) };
    const ended = call("bash", args, { env: all, cwd: folder, timeout: 60_000 });
    return ended.then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }) => ({ code, stdout }),
    );
  };
  return { run, env, summary: () => readFile(env.GITHUB_STEP_SUMMARY ?? "", "utf8") };
}

test("the log is in the summary's link, line by line, and in the job's own log", async () => {
  const runner = await startRunner("echo compiling; echo 'a warning' >&2; echo done; exit 3\n");
  const opened = await runner.run("Open the live log");
  expect(opened.code).toBe(0);
  const link = (await runner.summary()).match(/\((http[^)]+)\)/)?.[1] ?? "";
  const reader = await join(link, { guest: true });
  onTestFinished(() => reader.close());
  const turn = reader.turns().next();
  const built = await runner.run("Build");
  expect(built).toEqual({ code: 3, stdout: "compiling\na warning\ndone\n" });
  expect(await (await turn).value?.text).toBe("compiling\na warning\ndone\n");

  const late = await join(link, { guest: true, last: 100 });
  onTestFinished(() => late.close());
  const { value } = await late.turns().next();
  expect([value?.from, await value?.text]).toEqual(["build", "compiling\na warning\ndone\n"]);
}, 120_000);

test("a live log that fails is a warning, and the build's status stays", async () => {
  const runner = await startRunner("echo compiling; exit 0\n");
  runner.env.AMS_LINK = "http://127.0.0.1:2/a/conversations/b?t=none";
  const built = await runner.run("Build");
  expect(built.code).toBe(0);
  expect(built.stdout).toContain("compiling\n");
  expect(built.stdout).toContain("::warning::The live log is not whole.");
}, 120_000);
