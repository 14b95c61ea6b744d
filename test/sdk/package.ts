/** The package of the SDK as it is published, built by its own script. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "../repository-root.ts";

export const CLIENT = join(repositoryRoot(), "libs", "client");

/** What esbuild tells of a build. */
type Metafile = {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<
    Record<string, { readonly imports: readonly { readonly path: string }[] }>
  >;
};

export type Built = {
  readonly browser: { readonly gzipBytes: number; readonly metafile: Metafile };
  readonly node: { readonly metafile: Metafile };
};

/** The script is plain JavaScript: this is its contract. */
type Script = {
  readonly BROWSER_GZIP_BYTES_MAX: number;
  readonly buildPackage: (folder: string) => Promise<Built>;
};

export async function buildScript(): Promise<Script> {
  return await import(pathToFileURL(join(CLIENT, "build.mjs")).href);
}

export async function buildPackage(folder: string): Promise<Built> {
  return await (await buildScript()).buildPackage(folder);
}
