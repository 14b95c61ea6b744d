// `npm run release -- <version>`: says what a release would change. With `--write` it prepares it
// in this clone: one commit with the version and the changelog, and the packages with a statement
// of their provenance. It publishes, tags and pushes nothing.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { buildPackages } from "./packages.mjs";
import { git, Refused, versionOf, withVersion } from "./release-versions.mjs";
import { ROOT, setUpOrExit } from "./set-up.mjs";

const USAGE = "Usage: npm run release -- <major.minor.patch> [--write]";
const CHANGELOG = "CHANGELOG.md";
const UNRELEASED = "\n## Unreleased\n";
/** The name of the statement, in the folder of the packages. */
export const STATEMENT = "provenance.intoto.json";
/** Every release has one file at least that ends so: the command line and both SDKs. */
const WANTED = [/^ams-\d/, /^ams-client-\d/, /\.whl$/, /\.tar\.gz$/];

/**
 * Prepares a release of `version`. Throws `Refused` before anything is changed; where the packages
 * can't be made, what was changed is restored.
 * @param {object} options
 * @param {string} options.root of a clone
 * @param {string} options.version
 * @param {string} options.date of the changelog, as YYYY-MM-DD
 * @param {boolean} [options.write] false changes nothing
 * @param {(folder: string) => Promise<void>} [options.build] makes the packages and packages.json
 * @returns {Promise<{paths: string[], folder: string, commit: string | null}>} the files that have
 *   the version, the folder of the packages relative to `root`, and the commit once it is made
 */
export async function prepareRelease({
  root,
  version,
  date,
  write = false,
  build = buildPackages,
}) {
  if (git(root, "status", "--porcelain").trim() !== "") {
    throw new Refused("the tree has changes that are not committed");
  }
  const folder = `dist/release/${version}`;
  const edited = editsOf(root, version, date);
  const paths = [...edited.keys()];
  if (existsSync(join(root, folder))) throw new Refused(`${folder} is there already: remove it`);
  if (!write) return { paths, folder, commit: null };
  try {
    for (const [path, text] of edited) writeFileSync(join(root, path), text);
    await build(join(root, folder));
    const subject = subjectOf(join(root, folder), version);
    git(root, "commit", "--quiet", "-m", `release: prepare ${version}`, "--", ...paths);
    const commit = git(root, "rev-parse", "HEAD").trim();
    const statement = statementOf(root, version, commit, subject);
    writeFileSync(join(root, folder, STATEMENT), `${JSON.stringify(statement, null, 2)}\n`);
    return { paths, folder, commit };
  } catch (error) {
    // The tree was clean: what differs from HEAD is ours, and nothing once the commit is made.
    git(root, "checkout", "--quiet", "HEAD", "--", ...paths);
    rmSync(join(root, folder), { recursive: true, force: true });
    throw error;
  }
}

/** The version may stay as it is only for the first release, which the changelog doesn't have. */
function editsOf(root, version, date) {
  if (!/^\d{1,6}\.\d{1,6}\.\d{1,6}$/.test(version)) {
    throw new Refused(`a version is major.minor.patch, and not ${version}`);
  }
  const now = versionOf(root);
  if (compare(version, now) < 0) throw new Refused(`${version} is lower than ${now}`);
  const changelog = readFileSync(join(root, CHANGELOG), "utf8");
  if (changelog.includes(`\n## ${version} `)) {
    throw new Refused(`${CHANGELOG} has a version ${version} already`);
  }
  const [before, after] = changelog.split(UNRELEASED);
  const changes = after?.split("\n## ")[0]?.trim() ?? "";
  if (changes === "") throw new Refused(`${CHANGELOG} has nothing under Unreleased`);
  const edited = withVersion(root, version);
  edited.set(CHANGELOG, `${before}${UNRELEASED}\n## ${version} - ${date}\n${after}`);
  return edited;
}

function compare(one, other) {
  const [a, b] = [one, other].map((version) => version.split(".").map(Number));
  const at = a.findIndex((part, index) => part !== b[index]);
  return at === -1 ? 0 : a[at] - b[at];
}

/** The files of packages.json by their digests, each read anew. */
function subjectOf(folder, version) {
  const { packages } = JSON.parse(readFileSync(join(folder, "packages.json"), "utf8"));
  const missing = WANTED.find((name) => !packages.some(({ file }) => name.test(file)));
  if (missing !== undefined) throw new Error(`No package was made whose name is ${missing}.`);
  return packages.map(({ file, integrity, version: packed }) => {
    const digest = createHash("sha512")
      .update(readFileSync(join(folder, file)))
      .digest();
    const found = `sha512-${digest.toString("base64")}`;
    if (packed !== version) throw new Error(`${file} was made as version ${packed}.`);
    if (found !== integrity) throw new Error(`${file} isn't what packages.json describes.`);
    return { name: file, digest: { sha512: digest.toString("hex") }, annotations: { integrity } };
  });
}

/** An in-toto statement, https://in-toto.io/Statement/v1, with SLSA provenance; not signed. */
function statementOf(root, version, commit, subject) {
  const lock = createHash("sha512").update(readFileSync(join(root, "package-lock.json")));
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject,
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "urn:ams:release:v1",
        externalParameters: { version },
        resolvedDependencies: [
          { name: "source", digest: { gitCommit: commit } },
          { name: "package-lock.json", digest: { sha512: lock.digest("hex") } },
        ],
      },
      runDetails: {
        builder: { id: "urn:ams:release:local", version: { node: process.version } },
        metadata: { finishedOn: new Date().toISOString() },
      },
    },
  };
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { write: { type: "boolean", default: false } },
  });
  const [version, ...more] = positionals;
  if (version === undefined || more.length > 0) throw new Refused(USAGE);
  // The packages take the SDK's types from its build; nothing in them depends on the version.
  if (values.write) await setUpOrExit({ projects: ["libs/client"] });
  const date = new Date().toISOString().slice(0, 10);
  const release = { root: ROOT, version, date, write: values.write };
  const { paths, folder, commit } = await prepareRelease(release);
  process.stdout.write(`${report(version, paths, folder, commit)}\n`);
}

function report(version, paths, folder, commit) {
  if (commit === null) {
    const files = paths.map((path) => `  ${path}`).join("\n");
    return `A release of ${version} would change these ${paths.length} files, commit them and write
its packages to ${folder}:\n${files}\nNothing was changed. Add --write to prepare it.`;
  }
  return `${version} is commit ${commit.slice(0, 7)}; its packages are in ${folder}, described by
${STATEMENT}. Nothing was published. After \`npm test\`:
  git tag v${version} ${commit.slice(0, 7)}    # pushing this tag publishes images and chart`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(error instanceof Refused ? `Refused: ${error.message}.\n` : `${error}\n`);
    process.exitCode = 1;
  }
}
