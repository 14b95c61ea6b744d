// Builds what a bundler makes when its sources have changed since the last time: the bundler itself
// would build it every time.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Holds the hash of the sources of what is in its folder; a build removes it with the rest. */
const STAMP = ".built-from";

/**
 * Builds `folder` if `sources` (files and folders below `root`) have changed. `build` resolves with
 * an exit status.
 * @param {string} root
 * @param {string} folder
 * @param {readonly string[]} sources
 * @param {() => Promise<number>} build
 * @returns {Promise<boolean>} false when the build failed
 */
export async function buildIfChanged(root, folder, sources, build) {
  const hash = hashOf(
    root,
    sources.flatMap((path) => filesOf(root, path)),
  );
  const stamp = join(root, folder, STAMP);
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

/** The same in every clone and copy of it. */
function hashOf(root, files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${relative(root, file)}\n`).update(readFileSync(file));
  return hash.digest("hex");
}

function readOrNull(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
