/** The virtual environments of the tests of Python: in the clone, made once, and reused. */

export type Python = { readonly command: string; readonly version: string };

type Range = { readonly minorMin?: number; readonly minorMax?: number };

const scripts = await import(new URL("../../scripts/python.mjs", import.meta.url).href);

/** The command of a Python that can run the package; null where there is none. */
export const findPython: (range?: Range) => Python | null = scripts.findPython;

/** One that the pinned versions of the frameworks have wheels for; null where there is none. */
export const findFrameworksPython = () => findPython({ minorMin: 11, minorMax: 13 });

/** The Python of an environment that has what the package and its own tests need. */
export const makeEnvironment: (found: Python) => string = scripts.makeTestEnvironment;

/** The folder of the frameworks, and the Python of their environment. */
export const FRAMEWORKS: string = scripts.FRAMEWORKS;
export const makeFrameworks: (found: Python) => string = scripts.makeFrameworks;
