import { expect, test } from "vitest";
import { readControlProcess } from "./config.ts";

const PEPPER = "p".repeat(32);
const NEEDED = {
  AMS_CREDENTIAL_PEPPERS: PEPPER,
  AMS_LINK_PEPPERS: PEPPER,
  AMS_REDIS_URL: "redis://127.0.0.1:6379",
};

function faultsOf(environment: Record<string, string>): readonly string[] {
  const read = readControlProcess(environment);
  return read.ok ? [] : read.faults;
}

test("what is needed is enough, and the defaults are the documented ones", () => {
  const read = readControlProcess({ ...NEEDED, AMS_INSTANCE: "here" });
  expect(read.ok ? read.value : read).toMatchObject({
    config: {
      instance: "here",
      publicUrl: null,
      trustProxy: false,
      guests: true,
      signUp: { policy: "open" },
      accountsPerMinute: 120,
      mintsPerMinute: 600,
      addressCpuMsPerSecond: 250,
      accountCpuMsPerSecond: 500,
      streamsPerAccount: 10,
      subscribersPerConversation: 100,
    },
    process: { HOST: "127.0.0.1", PORT: 8081, AMS_ADMIN_PORT: 9091 },
  });
});

test("every fault is reported at once, also those of the peppers", () => {
  const faults = faultsOf({ PORT: "x", AMS_GUESTS: "maybe", AMS_SIGNUP: "ajar" });
  for (const name of [
    "PORT",
    "AMS_GUESTS",
    "AMS_SIGNUP",
    "AMS_CREDENTIAL_PEPPERS",
    "AMS_LINK_PEPPERS",
    "AMS_REDIS_URL",
  ]) {
    expect(faults.filter((fault) => fault.startsWith(`${name} `))).toHaveLength(1);
  }
});

test("sign-up by invite needs a code", () => {
  expect(faultsOf({ ...NEEDED, AMS_SIGNUP: "invite" })).toEqual([
    "AMS_INVITE_CODES is needed with AMS_SIGNUP=invite",
  ]);
  const read = readControlProcess({
    ...NEEDED,
    AMS_SIGNUP: "invite",
    AMS_INVITE_CODES: "code-one!,code-two!",
  });
  expect(read.ok && read.value.config.signUp).toEqual({
    policy: "invite",
    codes: ["code-one!", "code-two!"],
  });
});

test("every fault is reported at once, also what contradicts itself and an address that can't be read", () => {
  const environment = { ...NEEDED, AMS_GUESTS: "maybe", AMS_SIGNUP: "invite", PORT: "x" };
  const faults = faultsOf({ ...environment, AMS_REDIS_URL: "http://:canary@host" });
  expect(faults.map((fault) => fault.split(" ")[0]).sort()).toEqual([
    "AMS_GUESTS",
    "AMS_INVITE_CODES",
    "AMS_REDIS_URL",
    "PORT",
  ]);
  expect(faults.join()).toContain("AMS_REDIS_URL must begin with redis://");
  expect(faults.join()).not.toContain("canary");
});

test("§8 no fault repeats a secret", () => {
  const faults = faultsOf({
    AMS_CREDENTIAL_PEPPERS: "canary-1",
    AMS_LINK_PEPPERS: "canary-2",
    AMS_INVITE_CODES: "canary",
    AMS_REDIS_URL: "redis://:canary@host",
  });
  expect(faults.length).toBeGreaterThanOrEqual(3);
  expect(faults.join()).not.toContain("canary");
});
