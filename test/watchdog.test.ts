// What a cluster leaves behind when its process dies without a word: nothing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { repositoryRoot } from "./repository-root.ts";

const WATCHDOG = join(repositoryRoot(), "test", "cluster", "watchdog.ts");

test("children are killed and folders removed when their process is killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ams watched "));
  writeFileSync(join(folder, "file"), "");
  // The child has the same stdout: it ends when both have.
  const program = `
    import { spawn } from "node:child_process";
    import { watch, watchFolder } from ${JSON.stringify(WATCHDOG)};
    watch(spawn("sleep", ["600"], { stdio: ["ignore", "inherit", "ignore"], detached: true }));
    watchFolder(${JSON.stringify(folder)});
    setTimeout(() => console.log("watched"), 100);
    setInterval(() => undefined, 1000);`;
  const args = ["--import", "tsx", "--input-type=module", "-e", program];
  const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface(parent.stdout), "line");
  const ended = once(parent.stdout, "close");
  expect(existsSync(folder)).toBe(true);
  parent.kill("SIGKILL");
  await ended;
  await expect.poll(() => existsSync(folder)).toBe(false);
});
