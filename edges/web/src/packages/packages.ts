/** The packages that a deployment serves of its own clients, held in memory. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where `scripts/packages.mjs` puts them; the same from the sources as from what is compiled. */
const PACKAGES_FOLDER = fileURLToPath(new URL("../../dist/tarballs", import.meta.url));

const TYPES: readonly (readonly [string, string])[] = [
  [".tgz", "application/gzip"],
  [".whl", "application/zip"],
];

/** One package, as `packages.json` describes it. */
export type Package = {
  /** The name by which a program imports it, or a registry has it. */
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** The name of its file, which holds the version. */
  readonly file: string;
  /** The name of the newest version's file. */
  readonly alias: string;
  readonly bytes: number;
  /** `sha512-…`, as lock files have it. */
  readonly integrity: string;
};

export type PackageFile = {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Changes with the content. */
  readonly tag: string;
};

export type Packages = {
  readonly list: readonly Package[];
  /** By the names of their files, both of each. */
  readonly files: ReadonlyMap<string, PackageFile>;
};

/** Reads the packages; null when they aren't built. */
export function openPackages(folder: string = PACKAGES_FOLDER): Packages | null {
  const list = readList(folder);
  if (list === null) return null;
  const files = list.flatMap(({ file, alias, integrity }) => {
    const type = TYPES.find(([end]) => file.endsWith(end))?.[1] ?? "application/octet-stream";
    const body = new Uint8Array(readFileSync(join(folder, file)));
    const made: PackageFile = { type, body, tag: `"${integrity}"` };
    return [[file, made] as const, [alias, made] as const];
  });
  return { list, files: new Map(files) };
}

function readList(folder: string): readonly Package[] | null {
  try {
    return JSON.parse(readFileSync(join(folder, "packages.json"), "utf8")).packages;
  } catch {
    return null;
  }
}
