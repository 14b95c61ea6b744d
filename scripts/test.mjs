// `npm test`: sets the clone up, finds Redis and Chromium, runs every test, and says in the last line of stdout how it went. A skip is
// listed with its reason, and is a failure under AMS_STRICT=1. `npm test -- <filter>` runs the files that match.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { findChromium } from "./chromium.mjs";
import { findRedis } from "./redis.mjs";
import { ROOT, SetUpFailed, say, setUp, toolCommand } from "./set-up.mjs";

/** Milliseconds after which the tests are ended, whatever they are at: a hang has to become a failure. */
const TESTS_MS_MAX = 20 * 60_000;
const strict = process.env.AMS_STRICT === "1";

const counts = await test(process.argv.slice(2)).catch((error) => {
  say(error instanceof SetUpFailed ? error.message : (error.stack ?? String(error)));
  return { passed: 0, failed: 1, skipped: 0 };
});
process.exitCode = counts.failed === 0 ? 0 : 1;
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);

async function test(filters) {
  await setUp();
  const redis = await findRedis();
  const chromium = await findChromium();
  const folder = mkdtempSync(join(tmpdir(), "ams-test-"));
  try {
    const report = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const vitest = toolCommand("vitest/vitest.mjs", "run", ...reporters, ...filters);
    const status = await runTests(vitest, { ...process.env, ...redis.env, ...chromium.env });
    const missing = [redis.missing, chromium.missing].filter((sentence) => sentence !== null);
    return judge(status, readReport(report), missing);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs vitest in a process group of its own, so that a worker that hangs can be ended with it, and none is left behind
 * when this process is told to stop.
 */
function runTests([command, args], env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: "inherit", detached: true });
    const endAll = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It has ended by itself meanwhile.
      }
    };
    const late = setTimeout(() => {
      say(`The tests were ended after ${TESTS_MS_MAX / 60_000} minutes.`);
      endAll("SIGKILL");
    }, TESTS_MS_MAX);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
      process.on(signal, () => endAll("SIGKILL"));
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(late);
      resolve(code ?? 1);
    });
  });
}

/** The counts, from what vitest wrote and from how it ended: one failure more when it failed for another reason. */
function judge(status, report, missing) {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests } = report;
  const skipped = numPendingTests + numTodoTests;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(hasFailed),
  ).length;
  const known = numFailedTests + brokenFiles;
  const failed = known === 0 && status !== 0 ? 1 : known; // An unhandled error, or no test at all.
  if (skipped > 0) say(box(skippedSuites(report, missing)));
  if (skipped === 0 || !strict) return { passed, failed, skipped };
  say(`AMS_STRICT=1: the ${skipped} that were skipped count as failed.`);
  return { passed, failed: failed + skipped, skipped: 0 };
}

function hasFailed(assertion) {
  return assertion.status === "failed";
}

/** One line for each file that skipped something, and why. */
function skippedSuites({ testResults }, missing) {
  const lines = testResults.flatMap(({ name, assertionResults }) => {
    const skips = assertionResults.filter(({ status }) => !["passed", "failed"].includes(status));
    if (skips.length === 0) return [];
    return [`${relative(ROOT, name)}: ${skips.length} of ${assertionResults.length}`];
  });
  const why =
    missing.length === 0 ? "The tests themselves say why." : `Why: ${missing.join("; ")}.`;
  return ["SKIPPED", "", ...lines, "", ...wrap(why)];
}

function wrap(text) {
  return text.match(/.{1,90}(?:\s|$)/g)?.map((line) => line.trimEnd()) ?? [text];
}

function box(lines) {
  const width = Math.max(...lines.map((line) => line.length));
  const rule = "─".repeat(width + 2);
  const rows = lines.map((line) => `│ ${line.padEnd(width)} │`);
  return [`┌${rule}┐`, ...rows, `└${rule}┘`].join("\n");
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null; // It crashed before it could write one.
  }
}
