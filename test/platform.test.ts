// AMS says in one sentence which Node and which C library it needs, before anything else can go
// wrong.
import { expect, test } from "vitest";

type Platform = { node: string; platform: string; arch: string; glibc: string | null };

const script = new URL("../scripts/platform.mjs", import.meta.url).href;
const {
  platformFault,
  thisPlatform,
}: {
  platformFault: (here: Platform) => string | null;
  thisPlatform: () => Platform;
} = await import(script);

const GOOD = { node: "20.20.2", platform: "linux", arch: "x64", glibc: "2.36" };

test.each([
  GOOD,
  { ...GOOD, node: "22.12.0" },
  { ...GOOD, arch: "arm64", glibc: "2.34" },
  { ...GOOD, platform: "darwin", arch: "arm64", glibc: null },
])("$platform $arch with Node $node and glibc $glibc runs AMS", (here) => {
  expect(platformFault(here)).toBeNull();
});

test.each([
  ["Node 24", { ...GOOD, node: "24.1.0" }, /Node 20 or 22, not on Node 24\.1\.0/],
  ["Node 18", { ...GOOD, node: "18.20.0" }, /Node 20 or 22, not on Node 18\.20\.0/],
  ["Node 21", { ...GOOD, node: "21.7.0" }, /Node 20 or 22, not on Node 21\.7\.0/],
  ["musl", { ...GOOD, glibc: null }, /Node 20 or 22 with glibc .*not with musl/],
  ["an old glibc", { ...GOOD, glibc: "2.31" }, /Node 20 or 22 with glibc .*not with glibc 2\.31/],
  ["32 bits", { ...GOOD, arch: "ia32" }, /Node 20 or 22 for x64 or arm64, not on ia32/],
])("%s is refused in one sentence", (_, here, sentence) => {
  const fault = platformFault(here) ?? "";
  expect(fault).toMatch(sentence);
  expect(fault.split("\n")).toHaveLength(1);
});

test("the machine that runs this test is one that AMS runs on", () => {
  expect(platformFault(thisPlatform())).toBeNull();
});
