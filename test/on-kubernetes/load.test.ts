// What clients notice while something happens to the release, through the entry's Service.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LoadResult, releaseIn, startLoad } from "./release.ts";

const release = releaseIn(`ams-load-${Date.now().toString(36)}`);
const { kubectl, must } = release;
/** Seconds of load: a disruption of half that, and its end. */
const SECONDS = 45;
/** Milliseconds that a client's stream may be silent on a rollout. */
const SILENCE_MS_MAX = 500;

beforeAll(() => {
  release.create();
  must(release.install());
});

afterAll(() => {
  release.remove();
});

test("a rollout: every gateway is drained, nothing is lost, and nobody waits", async () => {
  const load = await startLoad(release, SECONDS);
  must(kubectl("rollout", "restart", "deployment/ams-gateway"));
  must(kubectl("rollout", "status", "deployment/ams-gateway", "--timeout=120s"));
  const result = await load.result();
  report("rollout", result);
  expectNothingLost(result);
  expect(result.drains).toBeGreaterThanOrEqual(result.readers);
  // Of a busy machine's own silence, what clients see whom nothing is done to is taken off.
  const ownMs = Math.max(result.calmMs.p99, result.controlSilenceMs.p99);
  expect(result.silenceMs.p99 - ownMs).toBeLessThanOrEqual(SILENCE_MS_MAX);
});

test("scaled up and down: nothing is lost", async () => {
  const load = await startLoad(release, SECONDS);
  must(kubectl("scale", "deployment/ams-gateway", "--replicas=4"));
  must(kubectl("rollout", "status", "deployment/ams-gateway", "--timeout=120s"));
  // To one, so that some of those go that hold the sockets.
  must(kubectl("scale", "deployment/ams-gateway", "--replicas=1"));
  const result = await load.result();
  report("scale", result);
  expectNothingLost(result);
  expect(result.drains).toBeGreaterThan(0);
  must(kubectl("scale", "deployment/ams-gateway", "--replicas=2"));
  must(kubectl("rollout", "status", "deployment/ams-gateway", "--timeout=120s"));
});

test("a gateway is killed: those who resume lose nothing that was receipted", async () => {
  const load = await startLoad(release, SECONDS);
  const [pod = ""] = release.pods("gateway");
  // The second signal ends it at once: nothing is given back, as by SIGKILL, which the first
  // process of a container can't get from inside.
  release.exec(pod, "sh", "-c", "kill -TERM 1; kill -INT 1");
  const result = await load.result();
  report("kill", result);
  expectNothingLost(result);
  expect(result.reconnects).toBeGreaterThan(0);
});

test("Redis' pod is deleted: it comes back with its data, and so does everybody", async () => {
  const load = await startLoad(release, SECONDS);
  must(kubectl("delete", "pod", "ams-redis-0", "--wait=false"));
  const result = await load.result();
  report("redis", result);
  expectNothingLost(result);
  const tested = release.helmed("test", "ams");
  expect(tested.ok, tested.out).toBe(true);
});

/**
 * Where the deployment keeps what is said, nothing that was receipted is lost; where it doesn't,
 * every loss is noticed.
 */
function expectNothingLost(result: LoadResult): void {
  expect(result.receipted).toBeGreaterThan(SECONDS * 10);
  expect(result.closed).toBe(0);
  expect(result.disordered).toBe(0);
  expect(result.unnoticed).toEqual([]);
  if (result.replay) expect(result.lost).toBe(0);
}

function report(what: string, result: LoadResult): void {
  process.stderr.write(`${what}: ${JSON.stringify(result)}\n`);
}
