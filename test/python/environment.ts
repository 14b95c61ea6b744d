/** The virtual environments of the tests of Python: in the clone, made once, and reused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Python = { readonly command: string; readonly version: string };

type Range = { readonly minorMin?: number; readonly minorMax?: number };

const scripts = await import(new URL("../../scripts/python.mjs", import.meta.url).href);
const SDK: string = scripts.SDK;

/** The command of a Python that can run the package; null where there is none. */
export const findPython: (range?: Range) => Python | null = scripts.findPython;

/** One that the pinned versions of the frameworks have wheels for; null where there is none. */
export const findFrameworksPython = () => findPython({ minorMin: 11, minorMax: 13 });

/**
 * The Python of an environment with the frameworks of examples/adapters: about 1 GB, in a quarter of
 * a minute by uv.
 */
export function makeFrameworks(found: Python): string {
  const list = join(SDK, "requirements-frameworks.txt");
  return scripts.makeEnvironment(
    found,
    ".venv-frameworks",
    readFileSync(list, "utf8"),
    (python: string) => scripts.uvInstall(python, list),
  );
}

/** The Python of an environment that has what the package and its own tests need. */
export function makeEnvironment(found: Python): string {
  const list = join(SDK, "requirements-test.txt");
  return scripts.makeEnvironment(found, ".venv", readFileSync(list, "utf8"), (python: string) =>
    scripts.pipInstall(python, ["-r", list]),
  );
}
