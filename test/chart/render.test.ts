// The chart as its tools see it: linted, rendered with every set of values in its folder ci and
// compared with golden files, and each object checked against the schemas of two Kubernetes.
import { beforeAll, describe, expect, test } from "vitest";
import {
  CHART,
  goldenOf,
  objectsOf,
  type Rendered,
  readGolden,
  run,
  SETS,
  template,
  valuesFile,
  writeGolden,
} from "./chart.ts";

const { AMS_HELM, AMS_HELM3, AMS_KUBECONFORM, AMS_KUBE_SCORE, AMS_KUBE_SCHEMAS } = process.env;
const HELMS = [
  { name: "helm 4", helm: AMS_HELM ?? "" },
  { name: "helm 3", helm: AMS_HELM3 ?? "" },
];
const helm = AMS_HELM ?? AMS_HELM3 ?? "";
/** The oldest and the newest minor of Kubernetes whose schemas are asked. */
const KUBERNETES = ["1.34.0", "1.37.0"];
/** kube-score's checks that this chart decides otherwise, each with its reason. */
const SCORE_IGNORED = [
  // Read once at a node, by a version that never changes: IfNotPresent.
  "container-image-pull-policy",
  // The numbers of the images themselves, 1000 and 999.
  "container-security-context-user-group-id",
  // Ephemeral storage is a read-only root file system and a tmpfs of 16 MiB.
  "container-ephemeral-storage-request-and-limit",
  // Replicas prefer different nodes and zones by topologySpreadConstraints.
  "deployment-has-host-podantiaffinity",
  "statefulset-has-host-podantiaffinity",
  // One Redis is one process: a budget for it would only block a drain.
  "statefulset-has-poddisruptionbudget",
  // The headless Services beside each Deployment have the same pods.
  "service-targets-pod",
  "statefulset-has-servicename",
];

test("there are at least 20 sets of values", () => {
  expect(SETS.length).toBeGreaterThanOrEqual(20);
});

describe.each(HELMS)("$name", (one) => {
  test.skipIf(one.helm === "").each(SETS)("lints %s strictly", (set) => {
    const { status, stdout, stderr } = run(one.helm, [
      "lint",
      "--strict",
      CHART,
      "--values",
      valuesFile(set),
    ]);
    expect(status, stdout + stderr).toBe(0);
  });
});

describe.skipIf(helm === "")("rendered", () => {
  const rendered = new Map<string, readonly Rendered[]>();

  beforeAll(() => {
    for (const set of SETS) {
      const { status, stdout, stderr } = template(helm, ["--values", valuesFile(set)]);
      if (status !== 0) throw new Error(`${set}: ${stderr}`);
      rendered.set(set, objectsOf(stdout));
    }
    const standard = rendered.get("default") ?? [];
    if (process.env.AMS_UPDATE_GOLDEN === "1") {
      const text = (set: string) =>
        goldenOf(rendered.get(set) ?? [], set === "default" ? [] : standard);
      writeGolden(new Map(SETS.map((set) => [set, text(set)])));
    }
  });

  test.each(SETS)("%s is its golden file (npm run test:chart -- --update writes them)", (set) => {
    const standard = set === "default" ? [] : (rendered.get("default") ?? []);
    expect(goldenOf(rendered.get(set) ?? [], standard)).toBe(readGolden(set));
  });

  test.skipIf(AMS_HELM === undefined || AMS_HELM3 === undefined)(
    "is the same by helm 3 and helm 4",
    () => {
      for (const set of SETS) {
        const { stdout, stderr } = template(AMS_HELM3 ?? "", ["--values", valuesFile(set)]);
        expect(stderr, set).toBe("");
        expect(goldenOf(objectsOf(stdout), rendered.get(set) ?? []), set).toBe("");
      }
    },
  );

  test.skipIf(AMS_KUBECONFORM === undefined).each(KUBERNETES)(
    "every object is valid for Kubernetes %s, strictly",
    (version) => {
      // Each different object once: reading the schemas takes longer than all else.
      // As JSON, which is YAML of every version: what is quoted there stays text.
      const objects = [...rendered.values()].flat().map((one) => JSON.stringify(one));
      const all = [...new Set(objects)].map((text) => `---\n${text}\n`).join("");
      const options = ["-strict", "-summary", "-kubernetes-version", version];
      const result = run(AMS_KUBECONFORM ?? "", [...options, ...schemaArguments()], all);
      expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
    },
  );

  test.skipIf(AMS_KUBE_SCORE === undefined).each(SETS)(
    "kube-score finds nothing critical in %s",
    (set) => {
      const texts = (rendered.get(set) ?? []).map((one) => `---\n${JSON.stringify(one)}\n`);
      const unwanted = set === "no-policies" ? ["pod-networkpolicy"] : [];
      const ignored = [...SCORE_IGNORED, ...unwanted].flatMap((one) => ["--ignore-test", one]);
      const options = ["score", ...ignored, "--output-format", "ci", "-"];
      const { stdout, stderr } = run(AMS_KUBE_SCORE ?? "", options, texts.join(""));
      // What it has read is in its answer: one that it can't read would be no fault otherwise.
      expect(stdout, stderr).toMatch(/\[OK\] \w+-gateway\//);
      const critical = stdout.split("\n").filter((line) => line.startsWith("[CRITICAL]"));
      expect(critical).toEqual([]);
    },
  );
});

/**
 * Where kubeconform finds schemas: AMS_KUBE_SCHEMAS, a location as its -schema-location has it, or
 * its own for Kubernetes and the catalogue of custom resources.
 */
function schemaArguments(): readonly string[] {
  // KEDA's object has a schema in that catalogue alone; its golden file holds it.
  const location = AMS_KUBE_SCHEMAS;
  if (location !== undefined) return ["-schema-location", location, "-skip", "ScaledObject"];
  const custom =
    "https://raw.githubusercontent.com/datreeio/CRDs-catalog/main/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json";
  return ["-schema-location", "default", "-schema-location", custom];
}
