import { expect, test } from "vitest";
import { PEPPERS } from "../testing/control.ts";
import { addressKey, createRateLimit } from "./rate-limit.ts";

test("§2.1.5 a limit lets through as many as it says per minute and key", async () => {
  const limit = createRateLimit("mints", 2, null);
  expect(await limit("a")).toBeNull();
  expect(await limit("a")).toBeNull();
  const waitS = await limit("a");
  expect(Number.isInteger(waitS) && waitS !== null && waitS >= 1 && waitS <= 60).toBe(true);
  expect(await limit("b")).toBeNull();
});

test("§2.1.5 0 turns a limit off", async () => {
  const limit = createRateLimit("mints", 0, null);
  for (let count = 0; count < 100; count += 1) expect(await limit("a")).toBeNull();
});

test("§8 the key of an address doesn't show the address", () => {
  const key = addressKey(PEPPERS, "192.0.2.1");
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(addressKey(PEPPERS, "192.0.2.2")).not.toBe(key);
});

test.each([
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"],
  ["2001:db8::1", "2001:0DB8:0:0:1::"],
  ["fe80::1%eth0", "fe80::2"],
  ["::1", "0:0:0:0:0:0:0:2"],
])("§2.1.5 %s counts with %s", (one, other) => {
  expect(addressKey(PEPPERS, one)).toBe(addressKey(PEPPERS, other));
});

test.each([
  ["2001:db8:1:2::1", "2001:db8:1:3::1"],
  ["192.0.2.1", "192.0.2.11"],
  ["::1", "1::"],
])("§2.1.5 %s doesn't count with %s", (one, other) => {
  expect(addressKey(PEPPERS, one)).not.toBe(addressKey(PEPPERS, other));
});
