// `npm test`: sets the clone up, finds Redis and Chromium, runs every test, and says in the last
// line of stdout how it went. A skip is listed with its reason, and is a failure under
// AMS_STRICT=1. Up to five files that failed run once more, alone, and what passes then is listed
// as unstable. `npm test -- <filter>` runs the files that match, `npm test -- --fast` the unit
// tests only.
import { findChromium } from "./chromium.mjs";
import { findPython, makeTestEnvironment } from "./python.mjs";
import { findRedis } from "./redis.mjs";
import { SetUpFailed, say, setUp } from "./set-up.mjs";
import { aloneIn, runFailedAgain } from "./test-again.mjs";
import { runVitest, SILENCE_MS_MAX } from "./test-run.mjs";

const strict = process.env.AMS_STRICT === "1";

const counts = await test(process.argv.slice(2)).catch((error) => {
  say(error instanceof SetUpFailed ? error.message : (error.stack ?? String(error)));
  return { passed: 0, failed: 1, skipped: 0 };
});
process.exitCode = counts.failed === 0 ? 0 : 1;
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);

async function test(given) {
  const args = given.flatMap((arg) => (arg === "--fast" ? ["--project", "unit"] : [arg]));
  await setUp();
  if (!given.includes("--fast")) makePython();
  const redis = await findRedis();
  const chromium = await findChromium();
  const env = { ...process.env, ...redis.env, ...chromium.env };
  const { run, unstable } = await runFailedAgain(await runVitest({ args, env }), aloneIn(env));
  if (!run.hasEnded) say(box(interrupted(run)));
  if (unstable.length > 0)
    say(box(["UNSTABLE: failed in the whole run, passed alone", "", ...unstable]));
  const missing = [redis.missing, chromium.missing].filter((sentence) => sentence !== null);
  return judge(run, missing);
}

/**
 * The environment that several test files use, made before two of them can make it at once. What
 * prevents that is theirs to say.
 */
function makePython() {
  const python = findPython();
  if (python === null) return;
  try {
    makeTestEnvironment(python);
  } catch (error) {
    say(`The environment of Python could not be made: ${error.message}`);
  }
}

/** Counts a skip as a failure where nothing may be skipped. */
function judge({ counts, files }, missing) {
  const { passed, failed, skipped } = counts;
  if (skipped > 0) say(box(skippedSuites(files, missing)));
  if (skipped === 0 || !strict) return counts;
  say(`AMS_STRICT=1: the ${skipped} that were skipped count as failed.`);
  return { passed, failed: failed + skipped, skipped: 0 };
}

/** Why a run has no end of its own, and what was running: that is its one failure more. */
function interrupted({ isStuck, running }) {
  const why = isStuck
    ? `No test finished for ${SILENCE_MS_MAX / 60_000} minutes: the run was ended.`
    : "The run ended before all tests had.";
  return ["NOT ALL TESTS RAN", "", why, ...(running.length === 0 ? [] : ["Running:", ...running])];
}

/** One line for each file that skipped something, and why. */
function skippedSuites(files, missing) {
  const lines = Object.entries(files).flatMap(([name, { passed, failed, skipped }]) =>
    skipped === 0 ? [] : [`${name}: ${skipped} of ${passed + failed + skipped}`],
  );
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
