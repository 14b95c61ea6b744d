/**
 * Finds Python 3.10 or later, and makes the virtual environment of sdk/python: everything in the
 * clone, nothing installed for the whole machine.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../repository-root.ts";

export type Python = { readonly command: string; readonly version: string };

const SDK = join(repositoryRoot(), "sdk", "python");
const VENV = join(SDK, ".venv");
const STAMP = join(VENV, ".ams-installed");
const REQUIREMENTS = join(SDK, "requirements-test.txt");
const NAMES = ["python3.13", "python3.12", "python3.11", "python3.10", "python3"];
/** Prints the version of a Python that can make virtual environments. */
const PROBE = "import sys, venv, ensurepip; print('%d.%d.%d' % sys.version_info[:3])";
const MINOR_MIN = 10;
/** Milliseconds for the slowest step, the installation of some 15 packages. */
const STEP_MS_MAX = 300_000;

/** The command of a Python that can run the package; null where there is none. */
export function findPython(): Python | null {
  const own = process.env.AMS_TEST_PYTHON;
  for (const command of own ? [own] : NAMES) {
    try {
      const version = output(command, ["-c", PROBE]).trim();
      const [major, minor = 0] = version.split(".").map(Number);
      if (major === 3 && minor >= MINOR_MIN) return { command, version };
    } catch {
      // Not here, too old to have these modules, or without them.
    }
  }
  return null;
}

/**
 * The Python of an environment that has the package and what its tests need. It is made once for
 * each state of the list of requirements.
 */
export function makeEnvironment({ command, version }: Python): string {
  const python = join(VENV, "bin", "python");
  const list = readFileSync(REQUIREMENTS);
  const stamp = createHash("sha256").update(list).update(version).digest("hex");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp) return python;
  rmSync(VENV, { recursive: true, force: true });
  mkdirSync(VENV, { recursive: true });
  output(command, ["-m", "venv", VENV]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  output(python, [...pip, "-r", REQUIREMENTS]);
  writeFileSync(STAMP, stamp);
  return python;
}

/** Builds wheel and sdist into sdk/python/dist; returns that folder. */
export function buildPackage(python: string): string {
  const dist = join(SDK, "dist");
  rmSync(dist, { recursive: true, force: true });
  output(python, ["-m", "build", "--no-isolation", "--outdir", dist, SDK]);
  return dist;
}

function output(file: string, args: readonly string[]): string {
  return execFileSync(file, [...args], {
    cwd: SDK,
    encoding: "utf8",
    timeout: STEP_MS_MAX,
    stdio: ["ignore", "pipe", "pipe"],
  });
}
