/** Where the repository begins, from the sources and from the build alike. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "turbo.json")) || !existsSync(join(folder, "services"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("This file does not lie in the repository.");
    folder = parent;
  }
  return folder;
}

/** Absolute path of a deployed program's folder, be it a service or an edge. */
export function programFolder(name: string): string {
  const folders = ["services", "edges"].map((kind) => join(repositoryRoot(), kind, name));
  const found = folders.find((folder) => existsSync(join(folder, "package.json")));
  if (found === undefined) throw new Error(`There is no service or edge ${name}.`);
  return found;
}
