// `npm run test:containers`: docker-compose.yml, built and run with the Docker engine that
// DOCKER_HOST names. Where none answers, it is listed as skipped.
import { spawnSync } from "node:child_process";
import { say, setUpOrExit } from "./set-up.mjs";
import { runVitest } from "./test-run.mjs";

/** Milliseconds without a finished test: the images are built before the first. */
const SILENCE_MS_MAX = 25 * 60_000;

const answer = spawnSync("docker", ["version", "--format", "{{.Server.Version}}"], {
  encoding: "utf8",
});
const counts = answer.status === 0 ? await test() : skipped();
process.exitCode = counts.failed === 0 ? 0 : 1;
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);

async function test() {
  await setUpOrExit();
  const run = await runVitest({
    args: ["--config", "test/containers/vitest.config.ts"],
    isStuck: (silentMs) => silentMs > SILENCE_MS_MAX,
  });
  return run.counts;
}

function skipped() {
  say("test/containers: skipped, no Docker engine answers (DOCKER_HOST names one).");
  return { passed: 0, failed: 0, skipped: 1 };
}
