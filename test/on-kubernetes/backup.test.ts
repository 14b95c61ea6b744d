// The backup and the restore of docs/OPERATIONS.md, as they stand there: a deployment is backed up
// under load, removed with its volumes and secrets, and made anew from the files.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { command, HELM, releaseIn } from "./release.ts";

/** Milliseconds that a block of the document may take: an installation and two restarts. */
const BLOCK_MS = 540_000;
const release = releaseIn(`ams-backup-${Date.now().toString(36)}`);
const { must } = release;
const folder = mkdtempSync(join(tmpdir(), "ams-backup-"));

beforeAll(() => {
  symlinkSync(join(repositoryRoot(), "deploy"), join(folder, "deploy"));
  writeFileSync(join(folder, "values.yaml"), "{}\n");
  release.create();
  must(release.install());
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  release.remove();
});

test("what was answered before a backup is there after its restore", () => {
  const before = inPod("write", {});
  runBlock("backup");
  for (const redis of ["ams-redis", "ams-redis-durable"]) {
    expect(
      readFileSync(join(folder, `${redis}.rdb`))
        .subarray(0, 5)
        .toString(),
    ).toBe("REDIS");
    expect(statSync(join(folder, `${redis}.rdb`)).size).toBeGreaterThan(100);
  }
  must(command("kubectl", ["delete", "namespace", release.namespace, "--timeout=180s"]));
  runBlock("restore");
  expect(inPod("read", before)).toEqual({
    account: 200,
    kept: [1, 2, 3],
    // The same message with the same key is not sent again: its answer was kept.
    sameAnswer: true,
  });
  const tested = release.helmed("test", "ams");
  expect(tested.ok, tested.out).toBe(true);
});

/** A block of the document, for this namespace and this helm. */
function runBlock(name: string): void {
  const text = readFileSync(join(repositoryRoot(), "docs/OPERATIONS.md"), "utf8");
  const from = text.indexOf(`<!-- ${name}: `);
  expect(from, `the block ${name} of OPERATIONS`).toBeGreaterThan(0);
  const [, block = ""] = text.slice(from).split(/```(?:sh)?\n/);
  const script = block
    .replaceAll("namespace ams", `namespace ${release.namespace}`)
    .replaceAll("helm install", `${HELM} install`);
  const options = { cwd: folder, encoding: "utf8", timeout: BLOCK_MS } as const;
  const done = spawnSync("bash", ["-euo", "pipefail", "-c", script], options);
  expect(done.status, `${done.stdout}${done.stderr}`).toBe(0);
}

/** What backup-pod.mjs prints, in the pod of an edge, which has Node and the SDK. */
function inPod(step: string, given: object): object {
  const script = readFileSync(join(import.meta.dirname, "backup-pod.mjs"), "utf8");
  const [pod = ""] = release.pods("mcp");
  const exec = ["--namespace", release.namespace, "exec", "--stdin", pod, "--"];
  const node = ["node", "--input-type=module", "-", step, JSON.stringify(given)];
  const out = must(command("kubectl", [...exec, ...node], script));
  return JSON.parse(out.trim().split("\n").at(-1) ?? "");
}
