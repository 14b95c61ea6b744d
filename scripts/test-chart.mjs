// `npm run test:chart`: the chart by its tools (helm 4 and 3, kubeconform, kube-score), against its
// golden files and its rules. What can't run for want of a tool is listed as skipped.
// `--update` writes the golden files. `--found` builds no tool: without helm it runs nothing.
import { findChartTools } from "./chart-tools.mjs";
import { say, setUpOrExit } from "./set-up.mjs";
import { runVitest } from "./test-run.mjs";

/** Where kubeconform finds schemas by itself. */
const SCHEMAS = "https://raw.githubusercontent.com/yannh/kubernetes-json-schema/";
/** Milliseconds in which that must answer. */
const SCHEMAS_MS = 5_000;

const args = process.argv.slice(2);
const { env, missing } = findChartTools({ install: !args.includes("--found") });
if (env.AMS_KUBECONFORM !== undefined && !(await hasSchemas())) {
  delete env.AMS_KUBECONFORM;
  missing.push(
    `the schemas of Kubernetes can't be had at ${SCHEMAS}: AMS_KUBE_SCHEMAS names others`,
  );
}
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

async function hasSchemas() {
  if (process.env.AMS_KUBE_SCHEMAS !== undefined) return true;
  const signal = AbortSignal.timeout(SCHEMAS_MS);
  const example = `${SCHEMAS}master/v1.34.0-standalone-strict/service-v1.json`;
  return fetch(example, { method: "HEAD", signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}

function end({ passed, failed, skipped }) {
  process.exitCode = failed === 0 ? 0 : 1;
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
}
