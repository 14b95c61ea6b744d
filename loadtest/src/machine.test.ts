/** What can be known of the machine that the load comes from. */
import { expect, test } from "vitest";
import { blindSpotsOf, descriptorsOf, type Machine, portsOf } from "./machine.ts";

const MACHINE: Machine = {
  platform: "linux",
  cores: 4,
  cpu: "a processor",
  node: "v20",
  descriptors: 1_024,
  ports: 28_232,
};

test("limits that can't be read without /proc are named", () => {
  expect(blindSpotsOf({ ...MACHINE, platform: "darwin", descriptors: null, ports: null })).toEqual([
    expect.stringContaining("descriptors can't be read"),
    expect.stringContaining("local ports can't be read on darwin"),
  ]);
  expect(blindSpotsOf(MACHINE)).toEqual([]);
});

test("limits are read as Linux writes them", () => {
  const limits =
    "Limit   Soft Limit   Hard Limit   Units\nMax open files            20000   20000   files\n";
  expect(descriptorsOf(limits)).toBe(20_000);
  expect(descriptorsOf(limits.replaceAll("20000", "unlimited"))).toBe(null);
  expect(portsOf("32768\t60999\n")).toBe(28_232);
  expect(portsOf(null)).toBe(null);
});
