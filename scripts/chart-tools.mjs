// Finds the programs that check the chart: on the PATH, else among those that were built before,
// else by `go install` at a pinned version, where Go is. Built ones are kept outside the clone.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { say } from "./set-up.mjs";

/**
 * Name on the PATH, what `go install` takes, and the environment variable by which the tests find
 * it. Two major versions of helm are in use, with one name: the older one is `helm3`.
 */
export const CHART_TOOLS = [
  {
    name: "helm",
    module: "helm.sh/helm/v4/cmd/helm@v4.0.1",
    variable: "AMS_HELM",
    isRight: (path) => /^v?4\./.test(output(path, "version", "--short")),
  },
  {
    name: "helm3",
    module: "helm.sh/helm/v3/cmd/helm@v3.19.2",
    variable: "AMS_HELM3",
    isRight: (path) => /^v?3\./.test(output(path, "version", "--short")),
  },
  {
    name: "kubeconform",
    module: "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0",
    variable: "AMS_KUBECONFORM",
    isRight: () => true,
  },
  {
    name: "kube-score",
    module: "github.com/zegl/kube-score/cmd/kube-score@v1.20.0",
    variable: "AMS_KUBE_SCORE",
    isRight: () => true,
  },
  {
    name: "actionlint",
    module: "github.com/rhysd/actionlint/cmd/actionlint@v1.7.7",
    variable: "AMS_ACTIONLINT",
    isRight: () => true,
  },
];

const CACHE = process.env.AMS_TOOLS ?? join(homedir(), ".cache/ams-tools");

/**
 * @param {{install: boolean}} options whether missing ones may be built, which takes minutes
 * @returns {{env: Record<string, string>, missing: readonly string[]}}
 */
export function findChartTools({ install }) {
  const env = {};
  const missing = [];
  for (const tool of CHART_TOOLS) {
    const path = onPath(tool) ?? inCache(tool) ?? (install ? built(tool) : null);
    if (path === null)
      missing.push(`${tool.name} is not on the PATH (${tool.module} by go install)`);
    else env[tool.variable] = path;
  }
  return { env, missing };
}

function onPath({ name, isRight }) {
  // Whoever has helm 3 alone has it under the name helm.
  const names = name === "helm3" ? ["helm3", "helm"] : [name];
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const paths = names.flatMap((one) => folders.map((folder) => join(folder, one)));
  return paths.find((path) => existsSync(path) && isRight(path)) ?? null;
}

/** Under its version, so that another pinned version is built anew. */
function placeOf({ name, module }) {
  return join(CACHE, `${name}-${module.split("@")[1]}`);
}

function inCache(tool) {
  const path = placeOf(tool);
  return existsSync(path) ? path : null;
}

function built(tool) {
  if (spawnSync("go", ["version"]).status !== 0) return null;
  say(`Building ${tool.module} (once; a few minutes) …`);
  const folder = join(CACHE, `building-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: "0" };
  const { status } = spawnSync("go", ["install", tool.module], { env, stdio: ["ignore", 2, 2] });
  if (status !== 0) return null;
  const program = tool.module.split("@")[0].split("/").at(-1);
  renameSync(join(folder, program), placeOf(tool));
  return placeOf(tool);
}

function output(path, ...args) {
  const { status, stdout } = spawnSync(path, args, { encoding: "utf8" });
  return status === 0 ? stdout : "";
}
