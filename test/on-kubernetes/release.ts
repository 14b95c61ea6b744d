/** A release of the chart on the cluster that KUBECONFIG names, and what a test does to it. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { repositoryRoot } from "../repository-root.ts";

const CHART = join(repositoryRoot(), "deploy/k8s/ams");
/** Bytes of a command's output. */
const OUTPUT_BYTES_MAX = 16 * 1_048_576;
/** Milliseconds between two looks at the cluster. */
const LOOK_MS = 250;

export const HELM = process.env.AMS_HELM ?? process.env.AMS_HELM3 ?? "helm";

/** Seconds that an installation or upgrade may take; a busy machine takes one minute. */
const WAIT = "300s";

export type Done = { readonly ok: boolean; readonly out: string };

export function command(program: string, args: readonly string[], input = ""): Done {
  const options = { encoding: "utf8", input, maxBuffer: OUTPUT_BYTES_MAX } as const;
  const { status, stdout, stderr, error } = spawnSync(program, [...args], options);
  if (error !== undefined) throw error;
  return { ok: status === 0, out: `${stdout}${status === 0 ? "" : stderr}` };
}

export type Release = ReturnType<typeof releaseIn>;

/** A namespace of its own, with Pod Security `restricted`. */
export function releaseIn(namespace: string, helm = HELM) {
  const kubectl = (...args: string[]) => command("kubectl", ["--namespace", namespace, ...args]);
  const must = (done: Done) => {
    if (!done.ok) throw new Error(done.out);
    return done.out;
  };
  const json = (...args: string[]) => JSON.parse(must(kubectl(...args, "--output", "json")));
  const helmed = (...args: string[]) => command(helm, [...args, "--namespace", namespace]);
  const images = process.env.AMS_IMAGE_REGISTRY;
  const values = images === undefined ? [] : ["--set", `image.registry=${images}`];
  return {
    namespace,
    kubectl,
    helmed,
    json,
    must,
    create: () => {
      const labels = ["enforce", "warn"].map((mode) => `pod-security.kubernetes.io/${mode}`);
      must(command("kubectl", ["create", "namespace", namespace]));
      must(
        command("kubectl", [
          "label",
          "namespace",
          namespace,
          ...labels.map((label) => `${label}=restricted`),
        ]),
      );
    },
    remove: () => command("kubectl", ["delete", "namespace", namespace, "--wait=false"]),
    install: (...more: string[]) =>
      helmed("install", "ams", CHART, "--wait", "--timeout", WAIT, ...values, ...more),
    upgrade: (...more: string[]) =>
      helmed("upgrade", "ams", CHART, "--wait", "--timeout", WAIT, ...values, ...more),
    /** Names of the pods of a component that are not on their way out. */
    pods: (component: string): readonly string[] =>
      json("get", "pods", "--selector", `app.kubernetes.io/component=${component}`)
        .items.filter(({ metadata }: Item) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }: Item) => metadata.name),
    exec: (pod: string, ...words: string[]) => kubectl("exec", pod, "--", ...words),
    until: async (what: string, isSo: () => boolean, seconds = 120) => {
      const endsAt = Date.now() + seconds * 1_000;
      while (!isSo()) {
        if (Date.now() > endsAt) throw new Error(`Not within ${seconds} s: ${what}`);
        await pause(LOOK_MS);
      }
    },
  };
}

type Item = { readonly metadata: { readonly name: string; readonly deletionTimestamp?: string } };

export type Load = { readonly result: () => Promise<LoadResult> };

export type LoadResult = {
  readonly replay: boolean;
  readonly readers: number;
  readonly receipted: number;
  readonly unknown: number;
  readonly lost: number;
  readonly disordered: number;
  /** Readers that lost something and were notified of no gap. */
  readonly unnoticed: readonly string[];
  readonly drains: number;
  readonly reconnects: number;
  readonly closed: number;
  /** The longest silence of each reader before anything was done, and after. */
  readonly calmMs: Spread;
  readonly silenceMs: Spread;
  /** The same of clients whose requests nothing is done to, and how long joins took. */
  readonly controlCalmMs: Spread;
  readonly controlSilenceMs: Spread;
  readonly joinCalmMs: Spread;
  readonly joinBusyMs: Spread;
};

type Spread = { readonly p50: number; readonly p99: number; readonly max: number };

/** Starts load in a pod, and resolves once all of its clients have joined. */
export async function startLoad(release: Release, seconds: number): Promise<Load> {
  const { kubectl, must, namespace, json } = release;
  const name = `load-${Date.now().toString(36)}`;
  const script = join(import.meta.dirname, "load-pod.mjs");
  must(kubectl("create", "configmap", name, `--from-file=load-pod.mjs=${script}`));
  const mcp = json("get", "deployment", "ams-mcp").spec.template.spec;
  const image = mcp.containers[0].image;
  const pod = loadPod(name, image, seconds);
  must(command("kubectl", ["--namespace", namespace, "apply", "-f", "-"], JSON.stringify(pod)));
  const logs = () => kubectl("logs", name).out;
  const hasEnded = () => {
    const { phase } = json("get", "pod", name).status;
    return phase === "Succeeded" || phase === "Failed";
  };
  await release.until("the load has joined", () => logs().includes("loading") || hasEnded(), 120);
  return {
    result: async () => {
      await release.until("the load has ended", hasEnded, seconds + 120);
      const text = logs();
      const last = text.trim().split("\n").at(-1) ?? "";
      if (!last.startsWith("{")) throw new Error(`The load failed: ${text}`);
      return JSON.parse(last);
    },
  };
}

function loadPod(name: string, image: string, seconds: number) {
  const env = { ENTRY_URL: "http://ams-entry:8080", CONVERSATIONS: "5", READERS: "8" };
  const labels = {
    "app.kubernetes.io/name": "ams",
    "app.kubernetes.io/instance": "ams",
    "app.kubernetes.io/component": "test",
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "load",
          image,
          imagePullPolicy: "IfNotPresent",
          command: ["node", "/test/load-pod.mjs"],
          env: Object.entries({ ...env, SECONDS: String(seconds) }).map(([key, value]) => ({
            name: key,
            value,
          })),
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [{ name: "script", mountPath: "/test" }],
        },
      ],
      volumes: [{ name: "script", configMap: { name } }],
    },
  };
}

/** A command in the background, such as one that must not be waited for. */
export function begin(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, [...args], { stdio: "ignore" });
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}
