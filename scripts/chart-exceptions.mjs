// What values.schema.json takes where an example in values.yaml doesn't say it: lists, free maps,
// closed choices and bounds. A key `*.name` is for every value of that name.

const text = { type: "string", maxLength: 2048 };
const name = { type: "string", maxLength: 253, pattern: "^$|^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$" };
const texts = { type: "object", additionalProperties: text };
const objects = { type: "array", items: { type: "object" }, maxItems: 100 };
const replicas = { type: "integer", minimum: 1, maximum: 500 };
const port = { type: "integer", minimum: 1, maximum: 65_535 };
const hostPorts = {
  type: "array",
  maxItems: 100,
  items: { type: "string", pattern: "^[^\\s,@/]+:[0-9]{1,5}$" },
};
const quantity = { type: ["string", "integer", "number"] };
const quantities = { type: "object", additionalProperties: quantity };

/** Settings of a process. Secrets come from Secrets, and addresses from the chart. */
const settings = {
  type: "object",
  propertyNames: {
    pattern: "^AMS_[A-Z0-9_]{1,60}$",
    not: {
      enum: [
        "AMS_CREDENTIAL_PEPPERS",
        "AMS_LINK_PEPPERS",
        "AMS_PEPPERS_FILE",
        "AMS_REDIS_URL",
        "AMS_REDIS_PREFIX",
        "AMS_INVITE_CODES",
        "AMS_URL",
        "AMS_PUBLIC_URL",
        "AMS_ALLOWED_HOSTS",
        "AMS_ADMIN_HOST",
        "AMS_ADMIN_PORT",
        "AMS_DRAIN_MS",
        "AMS_DRAIN_SPREAD_MS",
        "AMS_SIGNUP",
      ],
    },
  },
  additionalProperties: { type: ["string", "integer", "boolean"] },
};

/** Limits are needed: without one a process may take a node down. */
const resources = {
  type: "object",
  additionalProperties: false,
  required: ["limits"],
  properties: {
    requests: quantities,
    limits: { type: "object", required: ["memory"], additionalProperties: quantity },
  },
};

/** No `latest`: what runs would change by itself. */
const tag = { type: "string", maxLength: 128, not: { const: "latest" } };
const url = { type: "string", maxLength: 2048, pattern: "^$|^https?://[^\\s?#]+$" };

export const EXCEPTIONS = {
  "*.commonLabels": texts,
  "*.commonAnnotations": texts,
  "*.podAnnotations": texts,
  "*.podLabels": texts,
  "*.annotations": texts,
  "*.labels": texts,
  "*.nodeSelector": texts,
  "*.affinity": { type: "object" },
  "*.tolerations": objects,
  "*.extraEnv": objects,
  "*.extraVolumes": objects,
  "*.extraVolumeMounts": objects,
  "*.peers": objects,
  "*.entryFrom": objects,
  "*.metricsFrom": objects,
  "*.directFrom": objects,
  "*.parentRefs": { ...objects, maxItems: 32 },
  "*.settings": settings,
  "*.resources": resources,
  "*.replicas": replicas,
  "*.minReplicas": replicas,
  "*.maxReplicas": replicas,
  "*.port": port,
  "*.tag": tag,
  "*.existingSecret": name,
  "*.caSecret": name,
  "*.inviteCodesSecret": name,
  "*.nodes": hostPorts,
  "*.appendfsync": { enum: ["everysec", "always"] },
  "*.maxmemory": { type: "string", pattern: "^$|^[0-9]+(kb|mb|gb)?$" },
  "*.whenUnsatisfiable": { enum: ["ScheduleAnyway", "DoNotSchedule"] },
  "*.imagePullSecrets": { type: "array", maxItems: 20, items: name },
  "*.allowedHosts": { type: "array", maxItems: 100, items: { type: "string", minLength: 1 } },
  "*.hostnames": { type: "array", maxItems: 100, items: { type: "string", minLength: 1 } },
  "*.trustedProxies": {
    type: "array",
    maxItems: 200,
    items: { type: "string", pattern: "^[0-9a-fA-F.:]+(/[0-9]{1,3})?$|^private_ranges$" },
  },
  "*.extraObjects": { type: "array", maxItems: 200, items: { type: ["object", "string"] } },
  "*.pullPolicy": { enum: ["Always", "IfNotPresent", "Never"] },
  publicUrl: url,
  internalUrl: url,
  "gateway.drain.ms": { type: "integer", minimum: 0, maximum: 600_000 },
  "gateway.drain.spreadMs": { type: "integer", minimum: 0, maximum: 600_000 },
  "gateway.drain.preStopSeconds": { type: "integer", minimum: 1, maximum: 120 },
  "gateway.keda.prometheusAddress": url,
  "control.signup": { enum: ["open", "invite", "closed"] },
  "entry.service.type": { enum: ["ClusterIP", "NodePort", "LoadBalancer"] },
  "monitoring.kind": { enum: ["none", "serviceMonitor", "podMonitor"] },
  "redis.external.url": {
    type: "string",
    maxLength: 2048,
    pattern: "^$|^(redis|rediss|redis[+]sentinel|redis[+]cluster)://\\S+$",
  },
  "redis.prefix": { type: "string", pattern: "^$|^[a-z0-9][a-z0-9_.-]{0,31}$" },
  "ingress.hosts": {
    type: "array",
    maxItems: 100,
    items: {
      type: "object",
      additionalProperties: false,
      required: ["host"],
      properties: { host: { type: "string", minLength: 1, maxLength: 253 }, tlsSecret: name },
    },
  },
};

/** What every workload takes besides. */
const workload = Object.fromEntries(
  [
    ...["podAnnotations", "podLabels", "nodeSelector", "tolerations", "affinity"],
    ...["extraEnv", "extraVolumes", "extraVolumeMounts"],
  ].map((key) => [key, EXCEPTIONS[`*.${key}`]]),
);
export const workloadProperties = { ...workload, priorityClassName: name };

/** Paths of values that are a workload, and so take `workloadProperties`. */
export const WORKLOADS = ["gateway", "control", "entry", "redis.bundled", "redisDurable.bundled"];

const settingName = { type: "string", pattern: "^AMS_[A-Z0-9_]{1,60}$" };

export const edgeSchema = {
  type: "object",
  additionalProperties: false,
  required: ["enabled", "image", "port", "adminPort", "replicas", "resources"],
  properties: {
    ...workloadProperties,
    enabled: { type: "boolean" },
    replicas,
    image: {
      type: "object",
      additionalProperties: false,
      required: ["repository"],
      properties: { repository: { type: "string", minLength: 1 }, tag },
    },
    port,
    adminPort: port,
    affinityBy: { enum: ["none", "link"] },
    settings,
    resources,
    durable: {
      type: "object",
      additionalProperties: false,
      required: ["urlSetting", "user"],
      properties: {
        urlSetting: settingName,
        user: { type: "string", pattern: "^[a-z][a-z0-9-]{0,19}$", not: { enum: ["admin"] } },
        keys: { type: "string", pattern: "^[a-z][a-z0-9-]{0,19}$" },
      },
    },
    generatedSettings: { type: "array", maxItems: 10, items: settingName },
    controlSettings: { type: "array", maxItems: 10, items: settingName },
    existingSecret: name,
    egress: objects,
    stopSeconds: { type: "integer", minimum: 0, maximum: 600 },
    podDisruptionBudget: {
      type: "object",
      additionalProperties: false,
      properties: {
        enabled: { type: "boolean" },
        maxUnavailable: { type: "integer", minimum: 0 },
      },
    },
  },
};
