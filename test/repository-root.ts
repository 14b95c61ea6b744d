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
