import { expect, test } from "vitest";
import { readStandalone } from "./config.ts";

test("an empty environment is enough, and leaves the peppers to the folder", () => {
  const read = readStandalone({});
  expect(read.ok ? read.value : read).toMatchObject({
    own: { PORT: 8080, AMS_DATA: ".ams", AMS_REDIS_URL: null },
    gateway: { AMS_DRAIN_MS: 500 },
    peppers: null,
  });
});

test("every fault is reported at once and once, each by its variable, and none repeats a secret", () => {
  const read = readStandalone({
    PORT: "x",
    AMS_GUESTS: "maybe",
    AMS_SIGNUP: "invite",
    AMS_REDIS_URL: "localhost:canary",
    AMS_LINK_PEPPERS: "canary",
    AMS_WEB_THEME: "/nowhere/theme.json",
  });
  const faults = read.ok ? [] : read.faults;
  expect(faults.map((fault) => fault.split(" ")[0]).sort()).toEqual([
    "AMS_GUESTS",
    "AMS_INVITE_CODES",
    "AMS_LINK_PEPPERS",
    "AMS_REDIS_URL",
    "AMS_WEB_THEME",
    "PORT",
  ]);
  expect(faults.join()).not.toContain("canary");
});

test("half of the peppers in the environment is a fault: the folder's don't fill it up", () => {
  const read = readStandalone({ AMS_LINK_PEPPERS: "p".repeat(32) });
  expect(read.ok ? [] : read.faults).toEqual([
    "AMS_CREDENTIAL_PEPPERS is needed (or AMS_PEPPERS_FILE)",
  ]);
});
