// What the cluster enforces: who reaches a store, how many may be evicted, how many run, and where.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command, releaseIn } from "./release.ts";

const release = releaseIn(`ams-policy-${Date.now().toString(36)}`);
const { kubectl, must, json, exec } = release;
const NO_VOLUME = ["redis", "redisDurable"].flatMap((name) => [
  "--set",
  `${name}.bundled.persistence.enabled=false`,
]);
/** One that scales as soon as it has anything to do. */
const EAGER = [
  ...["--set", "gateway.autoscaling.enabled=true,gateway.autoscaling.maxReplicas=3"],
  ...["--set", "gateway.autoscaling.cpuPercent=1,gateway.resources.requests.cpu=20m"],
];
const hasFakeNodes = nodes().some(({ metadata }) => metadata.labels.type === "kwok");

beforeAll(() => {
  release.create();
  must(release.install(...NO_VOLUME));
});

afterAll(() => {
  release.remove();
});

describe("the network", () => {
  test.each([
    ["gateway", true],
    ["control", true],
    ["web", false],
    ["mcp", false],
  ])("%s reaches Redis: %s", (component, isAllowed) => {
    const [pod = ""] = release.pods(component);
    expect(reaches(pod, "ams-redis", 6379)).toBe(isAllowed);
  });

  test("the entry reaches gateways, control and edges, and no Redis", async () => {
    // Its image has no program for this: a pod with its labels is under its policies.
    start("as-entry", {
      "app.kubernetes.io/name": "ams",
      "app.kubernetes.io/instance": "ams",
      "app.kubernetes.io/component": "entry",
    });
    // A new pod's rules take a moment to be in force, and longer on a busy node.
    await release.until("it reaches the entry", () => reaches("as-entry", "ams-entry", 8080));
    expect(reachedBy("as-entry")).toEqual(["ams-entry", "ams-gateway", "ams-control"]);
    must(kubectl("delete", "pod", "as-entry", "--wait=false"));
  });

  test("a pod of somebody else reaches the entry, and no gateway, control or Redis", () => {
    start("stranger", {});
    expect(reachedBy("stranger")).toEqual(["ams-entry"]);
    must(kubectl("delete", "pod", "stranger", "--wait=false"));
  });
});

test("the disruption budget refuses a second eviction", async () => {
  const [first = "", second = ""] = release.pods("gateway");
  expect(evict(first).ok).toBe(true);
  const refused = evict(second);
  expect(refused.ok).toBe(false);
  expect(refused.out).toContain("disruption budget");
  await release.until("two are ready again", () => readyGateways() === 2);
});

test("the autoscaler adds gateways by CPU, live", async () => {
  must(release.upgrade(...NO_VOLUME, ...EAGER));
  await release.until("there are three gateways", () => readyGateways() === 3, 240);
  const scaled = json("get", "hpa", "ams-gateway");
  expect(scaled.status.currentMetrics[0].resource.current.averageUtilization).toBeGreaterThan(0);
  must(release.upgrade(...NO_VOLUME));
});

describe.skipIf(!hasFakeNodes)("nodes that only schedule", () => {
  const onFake = [
    ...["--set", "gateway.replicas=6,gateway.nodeSelector.type=kwok"],
    ...[
      "--set",
      "gateway.tolerations[0].key=kwok.x-k8s.io/node,gateway.tolerations[0].operator=Exists",
    ],
  ];

  test("gateways are spread over zones and nodes", async () => {
    must(release.helmed("upgrade", "ams", "deploy/k8s/ams", ...NO_VOLUME, ...onFake));
    await release.until("six run on nodes that only schedule", () => placed().length === 6, 180);
    const zones = Object.values(countBy(placed().map(({ zone }) => zone)));
    expect(zones.toSorted()).toEqual([2, 2, 2]);
    const perNode = Object.values(countBy(placed().map(({ node }) => node)));
    expect(Math.max(...perNode)).toBeLessThanOrEqual(2);
  });

  test("a node is drained one gateway at a time, and five stay", async () => {
    const [{ node } = { node: "" }] = placed();
    const drained = command("kubectl", [
      ...["drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s"],
    ]);
    expect(drained.ok, drained.out).toBe(true);
    await release.until("six run elsewhere", () => placed().length === 6);
    expect(placed().map((one) => one.node)).not.toContain(node);
    command("kubectl", ["uncordon", node]);
  });
});

type Node = { readonly metadata: { readonly name: string; readonly labels: Labels } };
type Labels = Readonly<Record<string, string>>;

function nodes(): readonly Node[] {
  return JSON.parse(command("kubectl", ["get", "nodes", "--output", "json"]).out).items;
}

/** Running gateways with their node and zone. */
function placed(): readonly { readonly node: string; readonly zone: string }[] {
  const zoneOf = new Map(
    nodes().map(({ metadata }) => [
      metadata.name,
      metadata.labels["topology.kubernetes.io/zone"] ?? "",
    ]),
  );
  const { items } = json("get", "pods", "--selector", "app.kubernetes.io/component=gateway");
  return items.flatMap((pod: Pod) => {
    const { nodeName: node = "" } = pod.spec;
    const isHere = pod.status.phase === "Running" && pod.metadata.deletionTimestamp === undefined;
    return isHere && node.startsWith("fake") ? [{ node, zone: zoneOf.get(node) ?? "" }] : [];
  });
}

type Pod = {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly phase: string };
};

function countBy(texts: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

function readyGateways(): number {
  return json("get", "deployment", "ams-gateway").status.readyReplicas ?? 0;
}

function reachedBy(pod: string): readonly string[] {
  return ["ams-entry:8080", "ams-gateway:8080", "ams-control:8081", "ams-redis:6379"]
    .map((at) => at.split(":"))
    .filter(([host = "", port]) => reaches(pod, host, Number(port)))
    .map(([host = ""]) => host);
}

/** Whether a pod gets a connection; a policy lets it wait in vain. */
function reaches(pod: string, host: string, port: number): boolean {
  const script = `const s=require("net").connect(${port},"${host}");
    s.on("connect",()=>process.exit(0));s.on("error",()=>process.exit(1));
    setTimeout(()=>process.exit(1),3000)`;
  return exec(pod, "node", "-e", script).ok;
}

function evict(pod: string) {
  const eviction = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name: pod, namespace: release.namespace },
  };
  const path = `/api/v1/namespaces/${release.namespace}/pods/${pod}/eviction`;
  return command("kubectl", ["create", "--raw", path, "-f", "-"], JSON.stringify(eviction));
}

/** A pod that does nothing, from an image that has node. */
function start(name: string, labels: Labels): void {
  const image = json("get", "deployment", "ams-web").spec.template.spec.containers[0].image;
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: {
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "idle",
          image,
          command: ["sleep", "600"],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  };
  const args = ["--namespace", release.namespace, "apply", "-f", "-"];
  must(command("kubectl", args, JSON.stringify(pod)));
  must(kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=120s"));
}
