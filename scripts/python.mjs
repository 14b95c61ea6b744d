// Python for this clone: finds 3.10 or later, makes virtual environments in the clone (nothing is
// installed for the whole machine), and builds the wheel and the sdist of `ams-client`.
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const SDK = fileURLToPath(new URL("../sdk/python", import.meta.url));

/** The virtual environments: of the tests, of the frameworks, and of what builds the package. */
const TESTS = join(SDK, ".venv");
export const FRAMEWORKS = fileURLToPath(new URL("../.ams-python/frameworks", import.meta.url));
const BUILD = fileURLToPath(new URL("../.ams-python/build", import.meta.url));

const NAMES = ["python3.13", "python3.12", "python3.11", "python3.10", "python3"];
/** Prints the version of a Python that can make virtual environments. */
const PROBE = "import sys, venv, ensurepip; print('%d.%d.%d' % sys.version_info[:3])";
const MINOR_MIN = 10;
/** What makes the package, at the version that pyproject.toml names. */
const BUILDER = ["hatchling==1.33.0"];
/** Milliseconds for the slowest step, the installation of the frameworks (about 1 GB). */
const STEP_MS_MAX = 600_000;
/** Milliseconds for what only the package at /_dist/ needs: a start doesn't wait longer for it. */
const BUILD_MS_MAX = 60_000;

/**
 * The command and version of a Python that can run the package; null where there is none.
 * @param {{minorMin?: number, minorMax?: number}} range of 3.x
 */
export function findPython({ minorMin = MINOR_MIN, minorMax = Number.POSITIVE_INFINITY } = {}) {
  const own = process.env.AMS_TEST_PYTHON;
  for (const command of own ? [own] : NAMES) {
    try {
      const version = output(command, ["-c", PROBE]).trim();
      const [major, minor = 0] = version.split(".").map(Number);
      if (major === 3 && minor >= minorMin && minor <= minorMax) return { command, version };
    } catch {
      // Not here, too old to have these modules, or without them.
    }
  }
  return null;
}

/**
 * The Python of the environment in `folder`, made once for each state of `wanted`: `install` gets
 * its Python and fills it.
 * @param {{command: string, version: string}} python
 * @param {string} folder
 * @param {string} wanted
 * @param {(python: string) => void} install
 */
function makeEnvironment({ command, version }, folder, wanted, install) {
  const python = join(folder, "bin", "python");
  const stamp = join(folder, ".ams-installed");
  const hash = createHash("sha256").update(wanted).update(version).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return python;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  output(command, ["-m", "venv", folder]);
  install(python);
  writeFileSync(stamp, hash);
  return python;
}

/**
 * Installs by pip into the environment of `python`.
 * @param {string} python
 * @param {readonly string[]} wanted arguments of `pip install`
 * @param {number} [timeout] milliseconds
 */
function pipInstall(python, wanted, timeout = STEP_MS_MAX) {
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  output(python, [...pip, ...wanted], timeout);
}

/**
 * The Python of the environment `.venv`, which has what the package and its own tests need.
 * @param {{command: string, version: string}} python
 */
export function makeTestEnvironment(python) {
  const list = join(SDK, "requirements-test.txt");
  return makeEnvironment(python, TESTS, readFileSync(list, "utf8"), (made) =>
    pipInstall(made, ["-r", list]),
  );
}

/**
 * The Python of an environment with the frameworks of examples/adapters: about 1 GB, in a quarter
 * of a minute by uv.
 * @param {{command: string, version: string}} python
 */
export function makeFrameworks(python) {
  const list = join(SDK, "requirements-frameworks.txt");
  return makeEnvironment(python, FRAMEWORKS, readFileSync(list, "utf8"), (made) =>
    uvInstall(made, list),
  );
}

/**
 * What the bench measures of the SDK at a deployment: see `PythonMeasured` of bench/src/ground.ts.
 * @param {string} url
 * @param {number} tokens
 */
export async function measurePython(url, tokens) {
  const found = findPython();
  if (found === null) return { missing: "there is no Python 3.10 or later with venv" };
  const python = makeTestEnvironment(found);
  const env = { ...process.env, PYTHONPATH: join(SDK, "src") };
  const args = [join(SDK, "bench", "throughput.py"), url, String(tokens)];
  const { stdout } = await promisify(execFile)(python, args, { env, timeout: STEP_MS_MAX });
  const { control, ams_client: ours, import_ms: importMs } = JSON.parse(stdout);
  return { control, ours, importMs };
}

/**
 * Installs a list by uv, of the version that the list names: many times faster than pip.
 * @param {string} python
 * @param {string} list path of a file of requirements
 */
function uvInstall(python, list) {
  const uv = readFileSync(list, "utf8")
    .split("\n")
    .find((line) => line.startsWith("uv=="));
  pipInstall(python, [uv ?? "uv"]);
  const args = ["-m", "uv", "pip", "install", "--quiet", "--python", python, "-r", list];
  output(python, args);
}

/**
 * Builds wheel and sdist into sdk/python/dist, and returns their paths; what the reason is, where
 * that can't be done.
 * @returns {{files: readonly string[], missing: string | null}}
 */
export function buildPythonPackage() {
  const found = findPython();
  if (found === null) return { files: [], missing: "there is no Python 3.10 or later with venv" };
  try {
    const python = makeEnvironment(found, BUILD, BUILDER.join(), (made) =>
      pipInstall(made, BUILDER, BUILD_MS_MAX),
    );
    const dist = join(SDK, "dist");
    rmSync(dist, { recursive: true, force: true });
    output(python, ["-m", "hatchling", "build", "-d", dist], BUILD_MS_MAX);
    const files = readdirSync(dist).filter((name) => /\.(?:whl|tar\.gz)$/.test(name));
    return { files: files.map((name) => join(dist, name)), missing: null };
  } catch (error) {
    const [last = ""] = String(error.stderr || error.message)
      .trim()
      .split("\n")
      .slice(-1);
    return { files: [], missing: `its build failed: ${last}` };
  }
}

/**
 * What a program writes on stdout.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {number} [timeout] milliseconds
 */
function output(file, args, timeout = STEP_MS_MAX) {
  return execFileSync(file, [...args], {
    cwd: SDK,
    encoding: "utf8",
    timeout,
    stdio: ["ignore", "pipe", "pipe"],
  });
}
