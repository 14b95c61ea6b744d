// `npm run test:cluster`: the chart on the cluster that KUBECONFIG names, in namespaces of its own,
// which it removes. The images are built with the engine that DOCKER_HOST names and brought there
// by a loader's command, or pushed to a registry.

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { findChartTools } from "./chart-tools.mjs";
import { run, say, setUpOrExit } from "./set-up.mjs";
import { runVitest } from "./test-run.mjs";

const HELP = `npm run test:cluster -- [options] [file name filters]

  --registry PREFIX        push the images there; the cluster pulls them
  --load-command WORDS     run this with the names of all images, such as "kind load docker-image"
  --network NAME           network of the image build
  --no-images              the cluster has them already
`;
/** Besides ours, what the chart runs. */
const FOREIGN = ["redis:7-alpine", "caddy:2-alpine"];

const text = { type: "string" };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    registry: text,
    network: text,
    "load-command": text,
    "no-images": { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const reached = spawnSync("kubectl", ["version"], { encoding: "utf8" });
if (reached.status !== 0) {
  say(`No cluster answers: set KUBECONFIG. ${reached.stderr ?? "There is no kubectl."}`);
  process.exit(69);
}
await setUpOrExit();
if (!values["no-images"]) await bring(values);
const { env, missing } = findChartTools({ install: true });
for (const reason of missing) say(`Missing: ${reason}.`);
const { counts } = await runVitest({
  args: ["--config", "test/on-kubernetes/vitest.config.ts", ...positionals],
  env: {
    ...process.env,
    ...env,
    ...(values.registry === undefined ? {} : { AMS_IMAGE_REGISTRY: values.registry }),
  },
  // An installation may be silent for long.
  isStuck: (silentMs) => silentMs > 15 * 60_000,
});
process.exitCode = counts.failed === 0 ? 0 : 1;
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);

async function bring({ registry, network, "load-command": loader }) {
  if ((registry === undefined) === (loader === undefined)) {
    say(`Give one of --registry and --load-command, or --no-images.\n\n${HELP}`);
    process.exit(64);
  }
  const args = [
    "scripts/images.mjs",
    ...(network === undefined ? [] : ["--network", network]),
    ...(registry === undefined
      ? ["--load", "command", "--command", `${loader} ${FOREIGN.join(" ")}`]
      : ["--registry", registry, "--push"]),
  ];
  if ((await run([process.execPath, args])) !== 0) process.exit(1);
}
