// The chart with a Redis of one's own: two servers that three Sentinels watch over, an ACL user,
// and a failover under load.
import { afterAll, beforeAll, expect, test } from "vitest";
import { command, releaseIn, startLoad } from "./release.ts";

const release = releaseIn(`ams-sentinel-${Date.now().toString(36)}`);
const { kubectl, must, json } = release;
/** Seconds of load: a failover takes about ten. */
const SECONDS = 45;
/** Milliseconds of silence after which Sentinels replace a master. */
const DOWN_AFTER_MS = 2_000;
const PASSWORD = "for-this-test-alone";
const SENTINELS = ["sentinel-0", "sentinel-1", "sentinel-2"];

beforeAll(async () => {
  release.create();
  const redis = ["redis-server", "--dir", "/data", "--appendonly", "yes", "--protected-mode", "no"];
  const user = `wire on >${PASSWORD} ~ams:* &ams:* +@all -@admin -@dangerous +info`.split(" ");
  const master = start("store-0", [...redis, "--user", ...user]);
  start("store-1", [...redis, "--user", ...user, "--replicaof", master, "6379"]);
  const watch = [
    "port 26379",
    "dir /data",
    "protected-mode no",
    `sentinel monitor main ${master} 6379 2`,
    `sentinel down-after-milliseconds main ${DOWN_AFTER_MS}`,
    "sentinel failover-timeout main 10000",
  ].join("\n");
  // A Sentinel writes what it learns into its configuration.
  const script = `printf '%s\\n' '${watch}' >/data/s.conf && exec redis-server /data/s.conf --sentinel`;
  const nodes = SENTINELS.map((name) => `${start(name, ["sh", "-c", script])}:26379`);
  await release.until("the replica follows", () => info("store-1").includes("link_status:up"));
  await release.until("the Sentinels know each other and the replica", () =>
    SENTINELS.every((name) => {
      const known = redisCli(name, "-p", "26379", "info", "sentinel");
      return known.includes("slaves=1,sentinels=3");
    }),
  );
  const own = `redis.external.username=wire,redis.external.password=${PASSWORD}`;
  const sentinel = `redis.external.sentinel.nodes={${nodes.join(",")}}`;
  must(
    release.install(
      ...["--set", own, "--set", sentinel],
      ...["--set", "redis.external.sentinel.master=main"],
      ...["--set", "redisDurable.bundled.persistence.enabled=false"],
    ),
  );
});

afterAll(() => {
  release.remove();
});

test("it installs on it, runs no Redis of its own for the wire, and answers helm test", () => {
  const tested = release.helmed("test", "ams");
  expect(tested.ok, tested.out).toBe(true);
  expect(kubectl("get", "statefulset", "ams-redis").ok).toBe(false);
});

test("a failover under load: everybody goes on, and every loss is noticed", async () => {
  const load = await startLoad(release, SECONDS);
  must(kubectl("delete", "pod", "store-0", "--grace-period=0", "--force"));
  await release.until("the replica is the master", () => info("store-1").includes("role:master"));
  const result = await load.result();
  process.stderr.write(`sentinel: ${JSON.stringify(result)}\n`);
  expect(result.receipted).toBeGreaterThan(SECONDS * 10);
  expect(result.closed).toBe(0);
  expect(result.disordered).toBe(0);
  expect(result.unnoticed).toEqual([]);
  const tested = release.helmed("test", "ams");
  expect(tested.ok, tested.out).toBe(true);
});

function info(pod: string): string {
  return redisCli(pod, "info", "replication");
}

function redisCli(pod: string, ...words: string[]): string {
  return release.exec(pod, "redis-cli", ...words).out;
}

/** A pod of Redis' image under the namespace's rules; its address once it runs. */
function start(name: string, words: readonly string[]): string {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 999,
        fsGroup: 999,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "redis",
          image: "redis:7-alpine",
          imagePullPolicy: "IfNotPresent",
          command: words,
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          volumeMounts: [{ name: "data", mountPath: "/data" }],
        },
      ],
      volumes: [{ name: "data", emptyDir: {} }],
    },
  };
  const args = ["--namespace", release.namespace, "apply", "--filename", "-"];
  must(command("kubectl", args, JSON.stringify(pod)));
  must(kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=120s"));
  return json("get", "pod", name).status.podIP;
}
