/** A copy of the working tree that can be built and run: links lead to the installed packages. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { basename, join, relative } from "node:path";

/** What is installed, is state of a developer, or is built and not used here. */
const LEFT_OUT =
  /^(?:node_modules|\.git|\.ci|\.turbo|\.ams(?:-.*)?|\.v?env.*|(?:test|bench|cli|examples|loadtest)\/dist)$/;

export function copyTree(root: string, copy: string): void {
  cpSync(root, copy, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    filter: (path) => {
      const own = relative(root, path);
      return !LEFT_OUT.test(own) && !LEFT_OUT.test(basename(own));
    },
  });
  linkPackages(join(root, "node_modules"), join(copy, "node_modules"));
  linkPackages(join(root, "test/node_modules"), join(copy, "test/node_modules"));
}

/** A package of this repository is the copy's own, as its link is relative. */
function linkPackages(installed: string, links: string): void {
  mkdirSync(links, { recursive: true });
  for (const entry of readdirSync(installed, { withFileTypes: true })) {
    const [from, to] = [join(installed, entry.name), join(links, entry.name)];
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
    else if (entry.name.startsWith("@")) linkPackages(from, to);
    else if (!entry.name.startsWith(".vite")) symlinkSync(from, to);
  }
}

/** Runs a Node program in the copy; resolves with its exit status and all that it wrote. */
export function runIn(copy: string, args: readonly string[]) {
  const { VITEST: _, ...env } = process.env;
  const own = { ...env, NO_COLOR: "1", TURBO_TELEMETRY_DISABLED: "1" };
  const child = spawn(process.execPath, args, { cwd: copy, env: own });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
  return new Promise<{ readonly status: number | null; readonly output: string }>(
    (resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status) => resolve({ status, output }));
    },
  );
}
