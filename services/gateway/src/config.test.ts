import { expect, test } from "vitest";
import { readGatewayProcess } from "./config.ts";

const PEPPER = "p".repeat(32);
const NEEDED = {
  AMS_CREDENTIAL_PEPPERS: PEPPER,
  AMS_LINK_PEPPERS: PEPPER,
  AMS_REDIS_URL: "redis://127.0.0.1:6379",
};

function faultsOf(environment: Record<string, string>): readonly string[] {
  const read = readGatewayProcess(environment);
  return read.ok ? [] : read.faults;
}

test("what is needed is enough", () => {
  const read = readGatewayProcess(NEEDED);
  expect(read.ok ? read.value : read).toMatchObject({
    config: { PORT: 8080, AMS_ADMIN_PORT: 9090 },
    peppers: { credential: [PEPPER], link: [PEPPER] },
    redisUrl: NEEDED.AMS_REDIS_URL,
  });
});

test("every fault is reported at once: of settings, of peppers, of Redis, each by its variable", () => {
  const faults = faultsOf({ PORT: "x", AMS_DRAIN_MS: "soon" });
  expect(faults.map((fault) => fault.split(" ")[0])).toEqual([
    "PORT",
    "AMS_DRAIN_MS",
    "AMS_CREDENTIAL_PEPPERS",
    "AMS_LINK_PEPPERS",
    "AMS_REDIS_URL",
  ]);
});

test("§8 no fault repeats a secret, and none is reported twice", () => {
  const faults = faultsOf({
    AMS_CREDENTIAL_PEPPERS: "canary-1",
    AMS_LINK_PEPPERS: "canary-2",
    AMS_REDIS_URL: "http://:canary@host",
    PORT: "x",
  });
  expect(faults.join()).not.toContain("canary");
  expect(faults).toHaveLength(4);
  expect(faults.at(-1)).toMatch(/^AMS_REDIS_URL must begin with redis:/);
});

test("§8.7 a prefix of keys is one word of a safe alphabet", () => {
  const read = (prefix: string) => readGatewayProcess({ ...NEEDED, AMS_REDIS_PREFIX: prefix });
  for (const good of ["ams", "blue-2", "a".repeat(32)]) expect(read(good).ok).toBe(true);
  for (const bad of ["a:b", "{p0}", "*", "-a", "A", "a b", "a".repeat(33)]) {
    expect(read(bad)).toMatchObject({
      faults: [expect.stringMatching(/^AMS_REDIS_PREFIX must be 1 to 32 of/)],
    });
  }
});
