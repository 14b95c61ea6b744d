// AMS says in one sentence which Node and which C library its servers need, before anything else
// can go wrong, and fetches the Node that they need where it can.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

type Platform = { node: string; platform: string; arch: string; glibc: string | null };
type Packages = Readonly<Record<string, readonly [string, string]>>;

const load = async (name: string) =>
  await import(new URL(`../scripts/${name}.mjs`, import.meta.url).href);
const {
  platformFault,
  thisPlatform,
}: {
  platformFault: (here: Platform) => string | null;
  thisPlatform: () => Platform;
} = await load("platform");
const {
  needsServerNode,
  serverNode,
}: {
  needsServerNode: (here: Omit<Platform, "glibc">) => boolean;
  serverNode: (options: {
    key: string;
    folder: string;
    packages: Packages;
    fetch: (spec: string, folder: string) => string;
  }) => string;
} = await load("server-node");

const GOOD = { node: "20.20.2", platform: "linux", arch: "x64", glibc: "2.36" };

test.each([
  GOOD,
  { ...GOOD, node: "22.12.0" },
  { ...GOOD, node: "24.1.0" },
  { ...GOOD, node: "26.12.1", arch: "arm64" },
  { ...GOOD, arch: "arm64", glibc: "2.34" },
  { ...GOOD, platform: "darwin", arch: "arm64", glibc: null },
])("$platform $arch with Node $node and glibc $glibc runs AMS", (here) => {
  expect(platformFault(here)).toBeNull();
});

test.each([
  ["Node 18", { ...GOOD, node: "18.20.0" }, /Node 20 or later, not on Node 18\.20\.0/],
  ["musl", { ...GOOD, glibc: null }, /glibc .*not with musl.*container images; the SDK and `ams`/],
  ["an old glibc", { ...GOOD, glibc: "2.31" }, /with glibc .*not with glibc 2\.31.*the SDK/],
  ["32 bits", { ...GOOD, arch: "ia32" }, /for x64 or arm64, not on ia32.*the SDK and `ams`/],
  ["Windows", { ...GOOD, platform: "win32" }, /not on Windows: use WSL 2.*the SDK and `ams`/],
  [
    "Node 24 where the registry has no Node 22",
    { ...GOOD, node: "24.1.0", platform: "freebsd" },
    /Node 20 or 22 on freebsd/,
  ],
])("%s is refused in one sentence that says what works", (_, here, sentence) => {
  const fault = platformFault(here) ?? "";
  expect(fault).toMatch(sentence);
  expect(fault.split("\n")).toHaveLength(1);
});

test("the machine that runs this test is one that AMS runs on", () => {
  expect(platformFault(thisPlatform())).toBeNull();
});

describe("the servers' Node", () => {
  const folder = mkdtempSync(join(tmpdir(), "ams-node-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is the one that runs where its binaries load, and another from 21 on", () => {
    const here = { platform: "linux", arch: "x64" };
    const needs = ["20.20.2", "22.0.0", "21.7.0", "23.0.0", "24.1.0", "26.12.1"].map((node) =>
      needsServerNode({ ...here, node }),
    );
    expect(needs).toEqual([false, false, true, true, true, true]);
  });

  /** A package as the registry has it, of a "Node" that is a text. */
  const archive = join(folder, "node.tgz");
  const content = join(folder, "content", "package", "bin");
  mkdirSync(content, { recursive: true });
  writeFileSync(join(content, "node"), "a node");
  execFileSync("tar", ["-czf", archive, "-C", join(folder, "content"), "package"]);
  const right = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;

  test("is fetched once, of the pinned integrity, and kept in a folder of the clone", () => {
    let fetched = 0;
    const home = join(folder, "kept");
    const get = () =>
      serverNode({
        key: "here",
        folder: home,
        packages: { here: ["some-node", right] },
        fetch: (spec) => {
          expect(spec).toMatch(/^some-node@22\.\d+\.\d+$/);
          fetched += 1;
          return archive;
        },
      });
    expect(readFileSync(get(), "utf8")).toBe("a node");
    expect(get()).toBe(get());
    expect(fetched).toBe(1);
    expect(readdirSync(home)).toHaveLength(1);
  });

  test("of another integrity is refused in a sentence, and nothing of it stays", () => {
    const home = join(folder, "refused");
    const get = () =>
      serverNode({
        key: "here",
        folder: home,
        packages: { here: ["some-node", right.replace(/.{4}$/, "AA==")] },
        fetch: () => archive,
      });
    expect(get).toThrow(/^some-node@22\S+ of this registry is not the one that AMS expects/);
    expect(readdirSync(home)).toEqual([]);
  });
});
