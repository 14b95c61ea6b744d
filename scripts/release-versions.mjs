// Where the version of AMS is written: one version in every package, the chart, the Python SDK and
// the documents (docs/PROTOCOL.md §10.5).
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** In a text, the version stands after one of these marks. */
const WHEEL = ["ams_client-"];
const SERVER_INFO = [', version: "'];
const TEXTS = {
  "sdk/python/pyproject.toml": ['\nversion = "'],
  "deploy/k8s/ams/Chart.yaml": ["\nversion: ", '\nappVersion: "'],
  "docs/PROTOCOL.md": ['{"version":"'],
  "README.md": WHEEL,
  "examples/adapters/README.md": WHEEL,
  "sdk/python/README.md": WHEEL,
  "test/python/sdk.test.ts": WHEEL,
  "edges/mcp/src/server/server.ts": SERVER_INFO,
  "cli/src/actions/mail/mcp.ts": SERVER_INFO,
  "cli/src/actions/workflow/mcp.ts": SERVER_INFO,
};
/** What helm makes of the chart; the tags of the images follow its version. */
const GOLDEN = "deploy/k8s/ams/golden/";

/** A reason not to prepare a release, for the person who asked for it. */
export class Refused extends Error {
  name = "Refused";
}

/** The standard output of git in `root`. */
export function git(root, ...args) {
  return execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

/** The version that the root's package.json has. */
export function versionOf(root) {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
}

/**
 * The texts of all files that change as `next` takes the place of the version: path to text. Throws
 * `Refused` where a file that has to hold the present version doesn't.
 * @param {string} root
 * @param {string} next
 * @returns {Map<string, string>}
 */
export function withVersion(root, next) {
  const now = versionOf(root);
  const edited = new Map();
  for (const path of git(root, "ls-files", "-z").split("\0")) {
    const edit = editorOf(path, root);
    if (edit === null) continue;
    const before = readFileSync(join(root, path), "utf8");
    const text = edit(before, now, next);
    if (text === null) throw new Refused(`${path} doesn't hold version ${now}`);
    if (text !== before) edited.set(path, text);
  }
  return edited;
}

/** `(text, now, next)` to the new text, or null where `now` isn't in it; null for other files. */
function editorOf(path, root) {
  if (path === "package-lock.json") return editLock;
  if (path.startsWith(GOLDEN)) return editGolden(["/version: ", "/chart: ams-", ...imagesOf(root)]);
  const marks = TEXTS[path];
  if (marks !== undefined) return editText(marks);
  // The packages that test:clients installs are no part of AMS.
  const isManifest = basename(path) === "package.json" && path !== "test/clients/package.json";
  return isManifest ? editManifest : null;
}

/** Also `archive`, the edge of the user's own that a set of values adds. */
function imagesOf(root) {
  const images = JSON.parse(readFileSync(join(root, "deploy/images/images.json"), "utf8"));
  return [...images.map(({ name }) => name), "archive"].map((name) => `ams-${name}:`);
}

/** Of some sets of values only the difference to another is kept, which has no version. */
function editGolden(marks) {
  return (text, now, next) =>
    marks.reduce((edited, mark) => edited.replaceAll(mark + now, mark + next), text);
}

function editText(marks) {
  return (text, now, next) =>
    marks.every((mark) => text.includes(mark + now)) ? editGolden(marks)(text, now, next) : null;
}

function editManifest(text, now, next) {
  const manifest = JSON.parse(text);
  if (manifest.version !== now) return null;
  setVersion(manifest, next);
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function editLock(text, now, next) {
  const lock = JSON.parse(text);
  if (lock.version !== now) return null;
  lock.version = next;
  for (const [folder, entry] of Object.entries(lock.packages)) {
    if (!folder.includes("node_modules")) setVersion(entry, next);
  }
  return `${JSON.stringify(lock, null, 2)}\n`;
}

/** Of a workspace and of what it needs of the other workspaces. */
function setVersion(manifest, next) {
  manifest.version = next;
  for (const kind of ["dependencies", "devDependencies", "peerDependencies"]) {
    const wanted = manifest[kind] ?? {};
    for (const name of Object.keys(wanted)) if (name.startsWith("@ams/")) wanted[name] = next;
  }
}
