// Which limits a join sees: also those that another process set in the file, which announces
// nothing here.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEPLOYMENT_LIMITS, type Directory, openEmbeddedDirectory } from "@ams/directory";
import type { Namespace } from "@ams/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ACCOUNT } from "../testing/fakes.ts";
import { Meters } from "./meters.ts";

let folder = "";
let directory: Directory;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ams-meters-"));
  const opened = openEmbeddedDirectory({ path: folder, announce: () => undefined });
  if (!opened.ok) throw new Error(opened.fault);
  directory = opened.value;
  const named = { account_id: ACCOUNT, namespace: "acme" as Namespace, plan: null };
  const account = { ...DEPLOYMENT_LIMITS, ...named, created_at: "2026-01-31T12:00:00.000Z" };
  await directory.createAccount(account, "hash");
});
afterEach(async () => {
  await directory.close();
  rmSync(folder, { recursive: true });
});

/** Its timers are never begun: nothing reads the limits but a join, or news of them. */
function metersOn(kind: Directory["kind"]) {
  let reads = 0;
  const counted: Directory = {
    ...directory,
    kind,
    limitsOf(id) {
      reads += 1;
      return directory.limitsOf(id);
    },
  };
  const none = () => undefined;
  const parts = { directory: counted, origin: "origin", share: none, failed: none, now: Date.now };
  return { meters: new Meters(parts), reads: () => reads };
}

const setLimits = (limits: object) =>
  directory.setAccountLimits(ACCOUNT, { ...DEPLOYMENT_LIMITS, ...limits });

test("§2.10.2 every limit that was set in the file holds at the next join, and ends so", async () => {
  const { meters } = metersOn("embedded");
  const limits = async () => (await meters.ready(ACCOUNT)).limits;
  expect(await limits()).toEqual(DEPLOYMENT_LIMITS);
  const own = { streams_max: 1, guests_max: 0, subscribers_max: 2, frames_per_second: 3 };
  await setLimits(own);
  expect(await limits()).toMatchObject(own);
  await setLimits({});
  expect(await limits()).toEqual(DEPLOYMENT_LIMITS);
});

test("§2.10.2 so does a plan: given, changed and removed", async () => {
  const { meters } = metersOn("embedded");
  const streamsMax = async () => (await meters.ready(ACCOUNT)).limits.streams_max;
  const setPlan = (streams_max: number) =>
    directory.setPlan({ name: "small", limits: { ...DEPLOYMENT_LIMITS, streams_max } });
  expect(await streamsMax()).toBe(null);
  await setPlan(5);
  await directory.setAccountPlan(ACCOUNT, "small");
  expect(await streamsMax()).toBe(5);
  await setPlan(6);
  expect(await streamsMax()).toBe(6);
  await directory.removePlan("small");
  expect(await streamsMax()).toBe(null);
});

test("on Redis, which announces changes, a join reads the limits once", async () => {
  const { meters, reads } = metersOn("redis");
  await meters.ready(ACCOUNT);
  const before = reads();
  await setLimits({ streams_max: 1 });
  expect((await meters.ready(ACCOUNT)).limits.streams_max).toBe(null);
  expect(reads()).toBe(before);
  meters.changed(ACCOUNT);
  await expect.poll(async () => (await meters.ready(ACCOUNT)).limits.streams_max).toBe(1);
});
