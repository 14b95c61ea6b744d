// Rules that every rendering of the chart keeps, whatever its values.
import { describe, expect, test } from "vitest";
import { idOf, objectsOf, type Rendered, SETS, template, valuesFile } from "./chart.ts";

const helm = process.env.AMS_HELM ?? process.env.AMS_HELM3 ?? "";
/** Settings that hold a secret, and the components that may have them. */
const SECRET_SETTINGS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^AMS_(?:CREDENTIAL|LINK)_PEPPERS$/, ["gateway", "control"]],
  [/^AMS_REDIS_URL$/, ["gateway", "control"]],
  [/^AMS_INVITE_CODES$/, ["control"]],
  [/^AMS_ARCHIVE_/, ["archive"]],
  [/^AMS_MCP_SECRET$/, ["mcp"]],
  [/^AMS_HOOKS_SECRET$/, ["hooks", "control"]],
];

describe.skipIf(helm === "")("%s", () => {
  const sets = SETS.map((set) => {
    const { status, stdout, stderr } = template(helm, ["--values", valuesFile(set)]);
    if (status !== 0) throw new Error(`${set}: ${stderr}`);
    return { set, objects: objectsOf(stdout) };
  });

  test.each(sets)("$set: no pod is root, privileged, or more than it needs", ({ objects }) => {
    for (const { id, spec } of podsOf(objects)) {
      expect(spec.automountServiceAccountToken, id).toBe(false);
      expect(spec.securityContext, id).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(spec.securityContext.runAsUser, id).toBeGreaterThan(0);
      for (const key of ["hostNetwork", "hostPID", "hostIPC"])
        expect(spec[key], id).toBeUndefined();
      for (const container of spec.containers) {
        expect(container.securityContext, id).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        const added = container.securityContext.capabilities.add ?? [];
        expect(added, id).toEqual(id.endsWith("-entry") ? ["NET_BIND_SERVICE"] : []);
      }
    }
  });

  test.each(sets)("$set: every container has limits, and an image that stays", ({ objects }) => {
    for (const { id, spec } of podsOf(objects)) {
      for (const { image, resources } of spec.containers) {
        expect(resources.limits?.memory, id).toBeDefined();
        expect(image, id).toMatch(/^[^:@]+(?::\d+)?[^:@]*:(?!latest$)[\w.-]+$/);
      }
    }
  });

  test.each(sets)("$set: a secret is only where it is needed, and never as text", ({ objects }) => {
    for (const { id, component, spec } of podsOf(objects)) {
      for (const { name, value } of spec.containers.flatMap(({ env = [] }: Rendered) => env)) {
        const [, allowed] = SECRET_SETTINGS.find(([pattern]) => pattern.test(name)) ?? [];
        if (allowed === undefined) continue;
        expect(allowed, `${name} in ${id}`).toContain(component);
        expect(value, `${name} in ${id}`).toBeUndefined();
      }
    }
  });

  test.each(sets)("$set: every Service has pods, whose ports have its names", ({ objects }) => {
    const pods = podsOf(objects);
    for (const service of objects.filter(({ kind }) => kind === "Service")) {
      const chosen = pods.filter(({ labels }) => isSubset(service.spec.selector, labels));
      expect(chosen.length, idOf(service)).toBe(1);
      const names = chosen[0]?.spec.containers.flatMap(({ ports = [] }: Rendered) =>
        ports.map(({ name }: { name: string }) => name),
      );
      for (const port of service.spec.ports) {
        expect(port.name, idOf(service)).toBeTruthy();
        expect(names, idOf(service)).toContain(port.targetPort);
      }
    }
    for (const { id, spec } of pods) {
      for (const { ports = [] } of spec.containers) {
        for (const { name } of ports) expect(name, id).toBeTruthy();
      }
    }
  });

  test.each(sets)("$set: whatever is named is there, once", ({ set, objects }) => {
    const ids = objects.map(idOf);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, spec } of podsOf(objects)) {
      if (spec.serviceAccountName !== undefined) {
        expect(ids, id).toContain(`ServiceAccount ${spec.serviceAccountName}`);
      }
      for (const { configMap } of spec.volumes ?? []) {
        if (configMap !== undefined) expect(ids, id).toContain(`ConfigMap ${configMap.name}`);
      }
    }
    for (const { kind, metadata, spec } of objects) {
      if (kind !== "NetworkPolicy") continue;
      const chosen = podsOf(objects).filter(({ labels }) =>
        isSubset(spec.podSelector.matchLabels, labels),
      );
      expect(chosen.length, `${set}: ${metadata.name}`).toBeGreaterThan(0);
    }
  });

  test.each(sets)("$set: a gateway has its whole drain before SIGKILL", ({ objects }) => {
    const gateway = podsOf(objects).find(({ component }) => component === "gateway");
    const [container] = gateway?.spec.containers ?? [];
    const env: Record<string, string> = Object.fromEntries(
      container.env.map(({ name, value }: Rendered) => [name, value]),
    );
    const drainMs = Number(env.AMS_DRAIN_MS) + Number(env.AMS_DRAIN_SPREAD_MS);
    const [, waitSeconds] = container.lifecycle.preStop.exec.command;
    const neededSeconds = Number(waitSeconds) + drainMs / 1_000 + 10;
    expect(gateway?.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(neededSeconds);
  });
});

type Pod = {
  readonly id: string;
  readonly component: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: a pod's specification, of which a test reads parts
  readonly spec: any;
};

function podsOf(objects: readonly Rendered[]): readonly Pod[] {
  return objects.flatMap((object) => {
    const pod = object.kind === "Pod" ? object : object.spec?.template;
    if (pod?.spec?.containers === undefined) return [];
    const labels = pod.metadata.labels ?? {};
    const component = labels["app.kubernetes.io/component"];
    return [{ id: idOf(object), component, labels, spec: pod.spec }];
  });
}

function isSubset(
  some: Readonly<Record<string, string>>,
  all: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(some).every(([key, value]) => all[key] === value);
}
