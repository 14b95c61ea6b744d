// `npm run release` in a clone of this repository: what it changes, and when it refuses. The
// packages themselves are made by scripts/packages.mjs, whose result other tests install; here
// stand-ins take their place.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { repositoryRoot } from "./repository-root.ts";

type Options = {
  root: string;
  version: string;
  date: string;
  write?: boolean;
  build?: (folder: string) => Promise<void>;
};
type Release = { paths: string[]; folder: string; commit: string | null };
type Subject = { name: string; digest: { sha512: string }; annotations: { integrity: string } };

const script = new URL("../scripts/release.mjs", import.meta.url).href;
const { prepareRelease, STATEMENT }: Script = await import(script);
type Script = { prepareRelease: (options: Options) => Promise<Release>; STATEMENT: string };

/** Higher than any version of AMS, so that these tests hold after a release too. */
const NEXT = "900.1.2";
const DATE = "2031-02-03";
const FILES = [
  `ams-${NEXT}.tgz`,
  `ams-client-${NEXT}.tgz`,
  `ams_client-${NEXT}-py3-none-any.whl`,
  `ams_client-${NEXT}.tar.gz`,
];

let folder: string;
let root: string;
let start: string;
let now: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ams-release-"));
  root = join(folder, "clone");
  // A hook of git sets these, and git would then work in another repository than the clone.
  for (const name of ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"]) delete process.env[name];
  execFileSync("git", ["clone", "--quiet", "--shared", "--no-tags", repositoryRoot(), root]);
  git("config", "user.name", "tester");
  git("config", "user.email", "tester@example.org");
  // A release just made leaves nothing under Unreleased.
  const changelog = read("CHANGELOG.md");
  const entry = "\n## Unreleased\n\n### Added\n\n- Something to release.\n";
  writeFileSync(join(root, "CHANGELOG.md"), changelog.replace("\n## Unreleased\n", entry));
  git("commit", "--quiet", "--all", "--message", "test: have something to release");
  start = git("rev-parse", "HEAD");
  now = JSON.parse(read("package.json")).version;
});

beforeEach(() => {
  git("reset", "--quiet", "--hard", start);
  git("clean", "--quiet", "-d", "-x", "--force");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("without --write nothing is changed, and what would be is listed", async () => {
  const { paths, commit } = await prepareRelease({ root, version: NEXT, date: DATE, build });
  expect(commit).toBeNull();
  expect(paths).toEqual(expect.arrayContaining(["package.json", "CHANGELOG.md"]));
  expect(git("status", "--porcelain", "--ignored")).toBe("");
  expect(git("rev-parse", "HEAD")).toBe(start);
});

test("§10.5 one commit gives everything the version, and no tag is made", async () => {
  const { paths, commit } = await release();
  expect(git("rev-parse", "HEAD")).toBe(commit);
  expect(git("rev-parse", "HEAD^")).toBe(start);
  expect(git("status", "--porcelain")).toBe("");
  expect(git("tag")).toBe("");
  expect(git("diff", "--name-only", "HEAD^").split("\n").sort()).toEqual([...paths].sort());
  expect(placesOf(now)).toEqual([]);
  for (const path of ["package.json", "cli/package.json", "libs/client/package.json"]) {
    expect(JSON.parse(read(path)).version, path).toBe(NEXT);
  }
  expect(JSON.parse(read("libs/client/package.json")).devDependencies["@ams/protocol"]).toBe(NEXT);
  expect(read("sdk/python/pyproject.toml")).toContain(`\nversion = "${NEXT}"\n`);
  expect(read("deploy/k8s/ams/Chart.yaml")).toContain(`\nappVersion: "${NEXT}"\n`);
  const lock = JSON.parse(read("package-lock.json"));
  expect([lock.version, lock.packages.cli.version]).toEqual([NEXT, NEXT]);
  const ofOthers = Object.entries<{ version?: string }>(lock.packages);
  expect(ofOthers.filter(([at, { version }]) => isOther(at) && version === NEXT)).toEqual([]);
});

test("what was unreleased stands under the version and its date", async () => {
  const before = read("CHANGELOG.md");
  await release();
  const heading = `\n## Unreleased\n\n## ${NEXT} - ${DATE}\n`;
  expect(read("CHANGELOG.md")).toBe(before.replace("\n## Unreleased\n", heading));
});

test("the statement has the digest of each file, and the commit that it was made from", async () => {
  const { commit, folder: at } = await release();
  const statement = JSON.parse(read(join(at, STATEMENT)));
  expect(statement).toMatchObject({
    _type: "https://in-toto.io/Statement/v1",
    predicateType: "https://slsa.dev/provenance/v1",
  });
  const { buildDefinition } = statement.predicate;
  expect(buildDefinition.externalParameters).toEqual({ version: NEXT });
  expect(buildDefinition.resolvedDependencies[0].digest).toEqual({ gitCommit: commit });
  const subjects: readonly Subject[] = statement.subject;
  expect(subjects.map(({ name }) => name)).toEqual(FILES);
  for (const { name, digest, annotations } of subjects) {
    const bytes = readFileSync(join(root, at, name));
    expect(digest.sha512).toBe(createHash("sha512").update(bytes).digest("hex"));
    expect(annotations.integrity).toBe(integrityOf(bytes));
  }
});

test.each([
  ["a version that is none", "1.0", /^a version is/],
  ["a version with more", `${NEXT}-rc.1`, /^a version is/],
  ["a lower version", "0.0.1", /is lower than/],
])("%s is refused", async (_, version, reason) => {
  await expect(prepareRelease({ root, version, date: DATE, write: true, build })).rejects.toThrow(
    reason,
  );
  expect(git("status", "--porcelain", "--ignored")).toBe("");
});

test("a tree with changes is refused, with and without --write, and keeps them", async () => {
  for (const path of ["README.md", "new-file.txt"]) {
    git("reset", "--quiet", "--hard", start);
    writeFileSync(join(root, path), "changed");
    for (const write of [false, true]) {
      const asked = prepareRelease({ root, version: NEXT, date: DATE, write, build });
      await expect(asked).rejects.toThrow(/not committed/);
    }
    expect(read(path)).toBe("changed");
  }
});

test("a version that the changelog has, and an empty Unreleased, are refused", async () => {
  await release();
  await expect(release()).rejects.toThrow(/has a version 900\.1\.2 already/);
  const next = { root, version: "900.1.3", date: DATE, write: true, build };
  await expect(prepareRelease(next)).rejects.toThrow(/nothing under Unreleased/);
});

test("a file that is out of step is refused by its path", async () => {
  const text = read("sdk/python/pyproject.toml").replace(now, "0.0.7");
  writeFileSync(join(root, "sdk/python/pyproject.toml"), text);
  git("commit", "--quiet", "--all", "--message", "test: be out of step");
  await expect(release()).rejects.toThrow(/^sdk\/python\/pyproject\.toml doesn't hold version/);
});

test.each([
  ["can't be made", () => Promise.reject(new Error("no space")), /no space/],
  ["lack the wheel", (at: string) => build(at, FILES.slice(0, 2)), /No package was made/],
  ["differ from their description", spoilt, /isn't what packages\.json describes/],
])("where the packages %s, everything is as before", async (_, failing, reason) => {
  await expect(release(failing)).rejects.toThrow(reason);
  expect(git("status", "--porcelain")).toBe("");
  expect(git("rev-parse", "HEAD")).toBe(start);
  expect(existsSync(join(root, "dist/release", NEXT))).toBe(false);
});

function release(by = build) {
  return prepareRelease({ root, version: NEXT, date: DATE, write: true, build: by });
}

/** Stands in for the packages. */
function build(at: string, files: readonly string[] = FILES): Promise<void> {
  mkdirSync(at, { recursive: true });
  const packages = files.map((file) => {
    writeFileSync(join(at, file), `bytes of ${file}`);
    return { file, version: NEXT, integrity: integrityOf(Buffer.from(`bytes of ${file}`)) };
  });
  writeFileSync(join(at, "packages.json"), JSON.stringify({ packages }));
  return Promise.resolve();
}

async function spoilt(at: string): Promise<void> {
  await build(at);
  writeFileSync(join(at, FILES[0] ?? ""), "other bytes");
}

function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
}

/** Where a tracked file still says `version`, beside the versions of other people's packages. */
function placesOf(version: string): readonly string[] {
  const others = ["*package-lock.json", "*requirements*.txt", "CHANGELOG.md"];
  const exclude = others.map((path) => `:!${path}`);
  const found = git("grep", "--fixed-strings", "--word-regexp", version, "--", ".", ...exclude);
  return found.split("\n").filter((place) => place !== "" && !place.includes(`.${version}`));
}

function isOther(path: string): boolean {
  return path.includes("node_modules");
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Of the clone; a search that finds nothing is an empty answer. */
function git(...args: readonly string[]): string {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  } catch (error) {
    if (args[0] === "grep") return "";
    throw error;
  }
}
