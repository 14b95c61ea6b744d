/** The chart as helm renders it, with the sets of values in its folder ci. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { repositoryRoot } from "../repository-root.ts";

export const CHART = join(repositoryRoot(), "deploy/k8s/ams");
const GOLDEN = join(CHART, "golden");
/** Bytes of a rendering: a large one is a tenth of this. */
const OUTPUT_BYTES_MAX = 16 * 1_048_576;

/** An object of Kubernetes, as far as the tests read it. */
export type Rendered = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own shape, and a test reads parts
  readonly [rest: string]: any;
};

export type Output = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Names of the sets of values. */
export const SETS: readonly string[] = readdirSync(join(CHART, "ci"))
  .map((file) => file.replace("-values.yaml", ""))
  .sort();

export function valuesFile(set: string): string {
  return join(CHART, "ci", `${set}-values.yaml`);
}

export function run(command: string, args: readonly string[], input = ""): Output {
  const options = { encoding: "utf8", input, maxBuffer: OUTPUT_BYTES_MAX } as const;
  const { status, stdout, stderr, error } = spawnSync(command, [...args], options);
  if (error !== undefined) throw error;
  return { status: status ?? 1, stdout, stderr };
}

/**
 * A helm that `go install` built takes Kubernetes for 1.20; here its version decides nothing but
 * whether the chart may be installed.
 */
const KUBERNETES = "1.34.0";

export function template(helm: string, args: readonly string[], input = ""): Output {
  // Its secret by name in every set, since a generated one differs each time.
  const named = ["--set", "edges.mcp.existingSecret=my-mcp"];
  const at = ["--namespace", "ams", "--kube-version", KUBERNETES, ...named];
  return run(helm, ["template", "ams", CHART, ...at, ...args], input);
}

export function objectsOf(text: string): readonly Rendered[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS();
    })
    .filter((one) => one !== null && one !== undefined);
}

export function idOf({ kind, metadata }: Rendered): string {
  return `${kind} ${metadata.name}`;
}

/**
 * A rendering as its golden file has it: that of `default` whole, any other by the objects that
 * differ from it and by the names of those that it lacks.
 */
export function goldenOf(objects: readonly Rendered[], standard: readonly Rendered[]): string {
  const known = new Map(standard.map((one) => [idOf(one), stringify(one)]));
  const differing = objects.filter((one) => known.get(idOf(one)) !== stringify(one));
  const here = new Set(objects.map(idOf));
  const missing = [...known.keys()].filter((id) => !here.has(id));
  const texts = differing
    .toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
    .map((one) => stringify(one, { lineWidth: 0, aliasDuplicateObjects: false }));
  const head = missing.length === 0 ? "" : `# Not there: ${missing.join(", ")}\n`;
  return `${head}${texts.map((text) => `---\n${text}`).join("")}`;
}

export function readGolden(set: string): string {
  const path = join(GOLDEN, `${set}.yaml`);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Writes all golden files, and removes those of sets that are gone. */
export function writeGolden(texts: ReadonlyMap<string, string>): void {
  rmSync(GOLDEN, { recursive: true, force: true });
  mkdirSync(GOLDEN, { recursive: true });
  for (const [set, text] of texts) writeFileSync(join(GOLDEN, `${set}.yaml`), text);
}
