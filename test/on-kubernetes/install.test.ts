// The chart on a real cluster, from its installation to its removal, by helm 4 and helm 3.
import { afterAll, describe, expect, test } from "vitest";
import { begin, releaseIn } from "./release.ts";

const { AMS_HELM, AMS_HELM3 } = process.env;
const HELMS = [
  // The option that takes a failed upgrade back has another name since helm 4, which also shows the
  // log of a test's pod before it deletes it.
  { name: "helm 4", helm: AMS_HELM ?? "", takeBack: "--rollback-on-failure", hasLogs: true },
  { name: "helm 3", helm: AMS_HELM3 ?? "", takeBack: "--atomic", hasLogs: false },
];
/** What the defaults make once: without each of them something that was kept is lost. */
const SECRETS = ["ams-feed", "ams-mcp", "ams-peppers", "ams-redis", "ams-redis-durable"];
const CLAIMS = ["data-ams-redis-0", "data-ams-redis-durable-0"];

describe
  .skipIf(AMS_HELM === undefined && AMS_HELM3 === undefined)
  .each(HELMS.filter(({ helm }) => helm !== ""))("$name", ({ name, helm, takeBack, hasLogs }) => {
  const release = releaseIn(
    `ams-install-${name.replace(" ", "-")}-${Date.now().toString(36)}`,
    helm,
  );
  const { must, json, kubectl, helmed } = release;
  const secrets = () => SECRETS.map((name) => json("get", "secret", name).data);
  let kept: readonly unknown[] = [];
  const readyGateways = () => json("get", "deployment", "ams-gateway").status.readyReplicas ?? 0;

  afterAll(() => {
    release.remove();
  });

  test("installs from defaults where Pod Security is restricted, and answers helm test", () => {
    release.create();
    const installed = release.install();
    expect(installed.ok, installed.out).toBe(true);
    expect(installed.out).toContain("port-forward service/ams-entry");
    expect(installed.out).not.toContain("violate PodSecurity");
    const tested = helmed("test", "ams", ...(hasLogs ? ["--logs"] : []));
    expect(tested.ok, tested.out).toBe(true);
    for (const what of hasLogs ? ["2 gateways", "taken over", "MCP", "opens as a page"] : []) {
      expect(tested.out).toContain(what);
    }
  });

  test("an upgrade keeps the secrets that were made, and restarts what it changes", () => {
    const before = secrets();
    const upgraded = release.upgrade("--set", "gateway.settings.AMS_FRAMES_PER_SECOND=1234");
    expect(upgraded.ok, upgraded.out).toBe(true);
    expect(secrets()).toEqual(before);
    const [pod = ""] = release.pods("gateway");
    expect(must(release.exec(pod, "printenv", "AMS_FRAMES_PER_SECOND")).trim()).toBe("1234");
    expect(helmed("test", "ams").ok).toBe(true);
  });

  test("a downgrade works", () => {
    const back = helmed("rollback", "ams", "1", "--wait", "--timeout", "300s");
    expect(back.ok, back.out).toBe(true);
    expect(helmed("test", "ams").ok).toBe(true);
  });

  test("an upgrade that fails is taken back, and the old gateways stay ready", async () => {
    const before = release.pods("gateway");
    const seen: number[] = [];
    const watching = setInterval(() => seen.push(readyGateways()), 2_000);
    const args = ["--reuse-values", takeBack, "--timeout", "40s"];
    const failed = begin(helm, [
      ...["upgrade", "ams", "deploy/k8s/ams", "--namespace", release.namespace, ...args],
      ...["--set", "gateway.image.tag=no-such-tag", "--wait"],
    ]);
    expect(await failed).not.toBe(0);
    clearInterval(watching);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(2);
    await release.until("only the old ones are left", () => release.pods("gateway").length === 2);
    expect(new Set(release.pods("gateway"))).toEqual(new Set(before));
    expect(helmed("test", "ams").ok).toBe(true);
  });

  test("values that contradict each other change nothing", () => {
    const before = json("get", "deployment", "ams-gateway").metadata.generation;
    const refused = release.upgrade("--set", "redis.external.url=redis://a:1,gateway.replicas=0");
    expect(refused.ok).toBe(false);
    expect(json("get", "deployment", "ams-gateway").metadata.generation).toBe(before);
  });

  test("an uninstall leaves the volume claims and the kept secrets, and nothing else", async () => {
    kept = secrets();
    const removed = helmed("uninstall", "ams", "--wait");
    expect(removed.ok, removed.out).toBe(true);
    const kinds = "all,ingress,networkpolicy,pdb,hpa,pvc,secret,configmap,serviceaccount";
    const left = () =>
      must(kubectl("get", kinds, "--output", "name"))
        .split("\n")
        .filter((name) => /\/(?:data-)?ams/.test(name))
        .toSorted();
    const expected = [
      ...CLAIMS.map((name) => `persistentvolumeclaim/${name}`),
      ...SECRETS.map((name) => `secret/${name}`),
    ];
    await release.until("the pods are gone", () => left().length <= expected.length);
    expect(left()).toEqual(expected.toSorted());
  });

  test("a new installation takes up what was left", () => {
    const again = release.install();
    expect(again.ok, again.out).toBe(true);
    expect(secrets()).toEqual(kept);
    const tested = helmed("test", "ams");
    expect(tested.ok, tested.out).toBe(true);
  });
});
