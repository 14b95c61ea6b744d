// Values that contradict each other: refused with a sentence, before anything is made.
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { template } from "./chart.ts";

const helm = process.env.AMS_HELM ?? process.env.AMS_HELM3 ?? "";
const edge = {
  enabled: true,
  replicas: 1,
  image: { repository: "ams-archive" },
  port: 8084,
  adminPort: 9094,
  resources: { limits: { memory: "1Gi" } },
};
const scaling = { enabled: true, connections: 1 };
const hosts = [{ host: "ams.example.org" }];

/** What is wrong, the values, and a part of the sentence that is said. */
const REFUSED: readonly (readonly [string, object, string])[] = [
  [
    "two forms of Redis",
    { redis: { external: { url: "redis://a:1", existingSecret: "b" } } },
    "redis.external has url and existingSecret: give exactly one",
  ],
  [
    "an own Redis and a Secret of the bundled one",
    { redis: { bundled: { existingSecret: "a" }, external: { url: "redis://a:1" } } },
    "are two Redis",
  ],
  [
    "Sentinels without the name of their master",
    { redis: { external: { sentinel: { nodes: ["a:1"] } } } },
    "redis.external.sentinel.master",
  ],
  [
    "a login beside a URL",
    { redis: { external: { url: "redis://a:1", password: "b" } } },
    "belong to sentinel or cluster",
  ],
  ["a URL of another kind", { redis: { external: { url: "http://a:1" } } }, "pattern"],
  ["a host without TLS", { ingress: { enabled: true, hosts } }, "ams.example.org has no tlsSecret"],
  ["an Ingress without hosts", { ingress: { enabled: true } }, "needs ingress.hosts"],
  [
    "an Ingress without entry",
    { entry: { enabled: false }, internalUrl: "http://a", ingress: { enabled: true, hosts } },
    "needs entry.enabled",
  ],
  ["a route without a Gateway", { httpRoute: { enabled: true } }, "needs httpRoute.parentRefs"],
  [
    "more gateways at least than at most",
    { gateway: { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 2 } } },
    "gateway.autoscaling.minReplicas is more than its maxReplicas",
  ],
  [
    "two that scale",
    { gateway: { autoscaling: scaling, keda: { enabled: true, prometheusAddress: "http://a" } } },
    "enable one",
  ],
  ["KEDA without Prometheus", { gateway: { keda: { enabled: true } } }, "prometheusAddress"],
  [
    "an autoscaler without a target",
    { gateway: { autoscaling: { enabled: true, cpuPercent: 0 } } },
    "needs a target",
  ],
  ["invites without codes", { control: { signup: "invite" } }, "control.inviteCodesSecret"],
  ["edges that reach nothing", { entry: { enabled: false } }, "internalUrl needs the URL"],
  [
    "an edge without its secret",
    {
      redisDurable: { external: { enabled: true } },
      edges: {
        archive: { ...edge, durable: { urlSetting: "AMS_ARCHIVE_REDIS_URL", user: "archive" } },
      },
    },
    "edges.archive.existingSecret needs a Secret with the key AMS_ARCHIVE_REDIS_URL",
  ],
  ["an edge with a taken name", { edges: { gateway: edge } }, "the name is taken"],
  ["an edge without a port", { edges: { archive: { ...edge, port: null } } }, "port"],
  ["an edge without limits", { edges: { archive: { ...edge, resources: {} } } }, "limits"],
  ["a secret among settings", { settings: { AMS_LINK_PEPPERS: "a" } }, "AMS_LINK_PEPPERS"],
  ["a setting that is none of ours", { gateway: { settings: { NODE_ENV: "a" } } }, "NODE_ENV"],
  ["an image that changes by itself", { image: { tag: "latest" } }, "tag"],
  ["a misspelt value", { gateway: { replica: 3 } }, "replica"],
  ["a misspelt part", { gatway: {} }, "gatway"],
  ["no gateway", { gateway: { replicas: 0 } }, "replicas"],
  ["text for a number", { gateway: { replicas: "two" } }, "replicas"],
  ["a monitor of another kind", { monitoring: { kind: "pods" } }, "kind"],
  ["links of another kind", { publicUrl: "ams.example.org" }, "publicUrl"],
];

test.skipIf(helm === "").each(REFUSED)("%s is refused", (_, values, sentence) => {
  const { status, stdout, stderr } = template(helm, ["--values", "-"], stringify(values));
  expect(status).not.toBe(0);
  expect(stderr).toContain(sentence);
  expect(stdout).toBe("");
});
