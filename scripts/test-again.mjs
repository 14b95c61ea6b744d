// Files that failed in a whole run are run once more, each alone. What passes then depends on what
// else the machine does: it is listed as unstable, for somebody to repair, and the run has passed.
import { countsOf, runVitest } from "./test-run.mjs";

/** Files that run again at most: when more fail, it is not the machine. */
export const FILES_AGAIN_MAX = 5;

/**
 * @param {object} run a whole run, as `runVitest` answers
 * @param {(key: string) => Promise<object>} runAlone runs the file of this key of `run.files`
 * @returns {Promise<{run: object, unstable: string[]}>} the run with the later counts of those
 *   files, and which of them passed alone
 */
export async function runFailedAgain(run, runAlone) {
  const failed = Object.keys(run.files).filter((key) => hasFailed(run.files[key]));
  const isWorthIt = run.hasEnded && run.unhandled === 0 && failed.length <= FILES_AGAIN_MAX;
  if (!isWorthIt || failed.length === 0) return { run, unstable: [] };
  const files = { ...run.files };
  for (const key of failed) {
    const again = await runAlone(key);
    const file = again.files[key];
    if (again.hasEnded && again.unhandled === 0 && file !== undefined) files[key] = file;
  }
  const unstable = failed.filter((key) => !hasFailed(files[key]));
  return { run: { ...run, files, counts: countsOf(Object.values(files)) }, unstable };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {(key: string) => Promise<object>} for `runFailedAgain`; a key is `project: file`
 */
export function aloneIn(env) {
  return (key) => {
    const [project, file] = key.split(": ");
    return runVitest({ args: ["--project", project, file], env });
  };
}

function hasFailed({ failed, state }) {
  return failed > 0 || state === "failed";
}
