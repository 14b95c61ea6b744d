/**
 * The clone of the repository that this command line lies in: it starts the services there, and
 * imports none of them.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../faults/fault.ts";

/** A file that the published package has beside its command; null in a clone. */
export function fileOfPackage(name: string): string | null {
  const file = join(dirname(fileURLToPath(import.meta.url)), name);
  return existsSync(file) ? file : null;
}

/**
 * A file of the clone, by its path in it. Throws `not_in_a_clone`, or `not_built` when only that is
 * missing.
 */
export function fileOfClone(path: string, command: string): string {
  const root = cloneRoot(dirname(fileURLToPath(import.meta.url)));
  if (root === null) {
    throw new CliError(
      "not_in_a_clone",
      `\`ams ${command}\` starts a part of AMS that is not installed with this command: run it from a clone of the repository.`,
    );
  }
  const file = join(root, path);
  if (existsSync(file)) return file;
  throw new CliError("not_built", `${path} is not built yet: run \`npm run build\` in ${root}.`);
}

function cloneRoot(folder: string): string | null {
  const isRoot = ["scripts/start.mjs", "turbo.json"].every((path) =>
    existsSync(join(folder, path)),
  );
  if (isRoot) return folder;
  const parent = dirname(folder);
  return parent === folder ? null : cloneRoot(parent);
}
