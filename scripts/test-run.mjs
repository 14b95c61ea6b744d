// One run of vitest: it is ended when it makes no progress, and its counts are read from the events
// that it wrote until then, so that an ended run still says how far it came. A program of its own
// for scripts/test.mjs and for the test of this behaviour.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, toolCommand } from "./set-up.mjs";

/**
 * Milliseconds without a finished test after which the run is ended: a test may take 60 s, and a
 * machine may be busy.
 */
export const SILENCE_MS_MAX = 5 * 60_000;
/** Milliseconds between two looks at the events. */
const LOOK_MS = 1_000;

/**
 * Runs vitest with these arguments.
 * @param {{args: string[], env?: NodeJS.ProcessEnv, stdio?: "inherit" | "ignore",
 *   isStuck?: (silentMs: number, events: object[]) => boolean}} options
 * @returns {Promise<{counts: {passed: number, failed: number, skipped: number}, hasEnded: boolean,
 *   isStuck: boolean, unhandled: number, running: string[], files: Record<string, object>}>}
 */
export async function runVitest({
  args,
  env = process.env,
  stdio = "inherit",
  isStuck = isSilent,
}) {
  const folder = mkdtempSync(join(tmpdir(), "ams-test-"));
  const path = join(folder, "events.jsonl");
  try {
    const reporters = ["--reporter=default", `--reporter=${ROOT}scripts/test-reporter.mjs`];
    const command = toolCommand("vitest/vitest.mjs", "run", ...reporters, ...args);
    const options = { cwd: ROOT, env: { ...env, AMS_TEST_EVENTS: path }, stdio, detached: true };
    const ended = await watched(command, options, path, isStuck);
    return { ...ended, ...summary(readEvents(path), ended) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isSilent(silentMs) {
  return silentMs > SILENCE_MS_MAX;
}

/**
 * In a process group of its own, so that a worker that hangs is ended with it, and none remains
 * when this process is asked to stop. Resolves with the exit status.
 */
function watched([command, args], options, path, isStuck) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    let stuck = false;
    const endAll = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended by itself meanwhile.
      }
    };
    const progress = { bytes: 0, at: performance.now() };
    const looking = setInterval(() => {
      const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (bytes !== progress.bytes) Object.assign(progress, { bytes, at: performance.now() });
      if (stuck || !isStuck(performance.now() - progress.at, readEvents(path))) return;
      stuck = true;
      endAll();
    }, LOOK_MS);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, endAll);
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(looking);
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, endAll);
      resolve({ status: code ?? 1, isStuck: stuck });
    });
  });
}

/**
 * The counts per file, those of a file that didn't end from its tests, and which files and tests
 * were running at the end.
 */
function summary(events, { status }) {
  const files = new Map();
  const running = new Map();
  let hasEnded = false;
  let unhandled = 0;
  for (const event of events) {
    const key = `${event.project}: ${event.file}`;
    const { passed = 0, failed = 0, skipped = 0 } = files.get(key) ?? {};
    switch (event.at) {
      case "file-start":
        running.set(key, null);
        break;
      case "test-start":
        running.set(key, event.test);
        break;
      case "test-end":
        running.set(key, null);
        files.set(key, {
          passed: passed + Number(event.state === "passed"),
          failed: failed + Number(event.state === "failed"),
          skipped: skipped + Number(event.state === "skipped"),
        });
        break;
      case "file-end":
        running.delete(key);
        files.set(key, event);
        break;
      case "end":
        hasEnded = true;
        unhandled = event.unhandled;
    }
  }
  const counts = countsOf(files.values());
  // It was ended, it crashed, an error was unhandled, or there was no test at all.
  if (!hasEnded || (counts.failed === 0 && status !== 0)) counts.failed += 1;
  const runningNow = [...running].map(([key, test]) => (test === null ? key : `${key} > ${test}`));
  return { counts, hasEnded, unhandled, running: runningNow, files: Object.fromEntries(files) };
}

/** @param {Iterable<object>} files counts per file */
export function countsOf(files) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    for (const name of Object.keys(counts)) counts[name] += file[name];
    // A file that can't be collected, or whose hook failed, has failed without a failed test.
    if (file.state === "failed" && file.failed === 0) counts.failed += 1;
  }
  return counts;
}

function readEvents(path) {
  try {
    // The last may be half written.
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  } catch (error) {
    if (error.code === "ENOENT") return []; // It ended before it could write one.
    throw error;
  }
}
