// `npm run test:chart`: the chart by its tools (helm 4 and 3, kubeconform, kube-score), against its
// golden files and its rules. What can't run for want of a tool is listed as skipped.
// `--update` writes the golden files. `--found` builds no tool: without helm it runs nothing.
import { findChartTools } from "./chart-tools.mjs";
import { say, setUpOrExit } from "./set-up.mjs";
import { runVitest } from "./test-run.mjs";

const args = process.argv.slice(2);
const { env, missing } = findChartTools({ install: !args.includes("--found") });
for (const reason of missing) say(`Missing: ${reason}.`);
if (args.includes("--found") && env.AMS_HELM === undefined && env.AMS_HELM3 === undefined) {
  say("The chart is not tested: npm run test:chart builds its tools where Go is.");
  end({ passed: 0, failed: 0, skipped: 0 });
} else {
  await setUpOrExit();
  const { counts } = await runVitest({
    args: ["--config", "test/chart/vitest.config.ts"],
    env: {
      ...process.env,
      ...env,
      ...(args.includes("--update") ? { AMS_UPDATE_GOLDEN: "1" } : {}),
    },
  });
  end(counts);
}

function end({ passed, failed, skipped }) {
  process.exitCode = failed === 0 ? 0 : 1;
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
}
