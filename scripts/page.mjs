// Builds the page of edges/web when its sources have changed since the last time: vite itself would
// build it every time.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What the page is made of, beside the packages of the lock file. */
const SOURCES = [
  "edges/web/src/page",
  "edges/web/src/dead-link.ts",
  "edges/web/src/server-name.ts",
  "edges/web/vite.config.ts",
  "libs/client/src",
  "libs/protocol/src",
  "package-lock.json",
];

/**
 * Holds the hash of the sources that the page in this folder was built from; a build wipes it with
 * the rest.
 */
const STAMP = "edges/web/dist/page/.built-from";

/**
 * Builds it if need be. `build` runs vite and resolves with its exit status.
 * @param {string} root
 * @param {() => Promise<number>} build
 * @returns {Promise<boolean>} false when the build failed
 */
export async function buildPage(root, build) {
  const hash = hashOf(SOURCES.flatMap((path) => filesOf(root, path)));
  const stamp = join(root, STAMP);
  if (readOrNull(stamp) === hash) return true;
  if ((await build()) !== 0) return false;
  writeFileSync(stamp, hash);
  return true;
}

function filesOf(root, path) {
  const whole = join(root, path);
  try {
    const names = readdirSync(whole, { recursive: true, withFileTypes: true });
    return names
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .sort();
  } catch (error) {
    if (error.code === "ENOTDIR") return [whole];
    throw error;
  }
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(file));
  return hash.digest("hex");
}

function readOrNull(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
