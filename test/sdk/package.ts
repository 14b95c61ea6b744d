/** The package of the SDK as it is published, built by its own script. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { repositoryRoot } from "../repository-root.ts";

const run = promisify(execFile);

export const CLIENT = join(repositoryRoot(), "libs", "client");

/** What esbuild reports of a build. */
type Metafile = {
  readonly outputs: Readonly<
    Record<string, { readonly imports: readonly { readonly path: string }[] }>
  >;
};

/** One of the browser's files: the first is loaded by the page, the others by it. */
export type BrowserFile = {
  readonly name: string;
  readonly gzipBytes: number;
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
  /** Paths of what it is made of. */
  readonly inputs: readonly string[];
};

export type Built = {
  readonly browser: readonly [BrowserFile, ...BrowserFile[]];
  readonly node: { readonly metafile: Metafile };
  /** Of `ams-client/answers`, for browsers and for Node. */
  readonly answers: readonly Metafile[];
};

/** The script is plain JavaScript: this is its contract. */
type Script = {
  readonly BROWSER_GZIP_BYTES_MAX: number;
  readonly BROWSER_ALL_GZIP_BYTES_MAX: number;
  readonly buildPackage: (folder: string) => Promise<Built>;
};

export async function buildScript(): Promise<Script> {
  return await import(pathToFileURL(join(CLIENT, "build.mjs")).href);
}

/**
 * Bytes after gzip of a page that imports these names from the built package in `folder`, without
 * the late files.
 */
export async function pageBytes(folder: string, names: readonly string[]): Promise<number> {
  const script = await import(pathToFileURL(join(CLIENT, "bundle-browser.mjs")).href);
  return await script.pageBytes(folder, names);
}

export async function buildPackage(folder: string): Promise<Built> {
  return await (await buildScript()).buildPackage(folder);
}

/** An app of one folder that has installed the package, and nothing else, as from a registry. */
export type App = {
  readonly folder: string;
  readonly built: Built;
  /**
   * Compiles the TypeScript files of the folder beside themselves, strictly; fails with the
   * compiler's words.
   */
  readonly compile: () => Promise<void>;
  /** What the file prints; fails with what it says on stderr. */
  readonly run: (file: string, ...flags: readonly string[]) => Promise<string>;
  readonly remove: () => Promise<void>;
};

const TSC = join(repositoryRoot(), "node_modules", "typescript", "bin", "tsc");
const COMPILER_OPTIONS = {
  target: "es2023",
  lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
  module: "nodenext",
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
};

/** Builds the package, packs it with npm and unpacks it where npm would. */
export async function installPackage(): Promise<App> {
  const folder = await mkdtemp(join(tmpdir(), "ams-app-"));
  const [source, target] = [join(folder, "source"), join(folder, "node_modules/ams-client")];
  const built = await buildPackage(source);
  const packed = await run("npm", ["pack", "--silent", "--offline", source], { cwd: folder });
  await mkdir(target, { recursive: true });
  const file = join(folder, packed.stdout.trim());
  await run("tar", ["-xzf", file, "--strip-components=1", "-C", target]);
  await rm(source, { recursive: true });
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ["*.ts"] }),
  );
  return {
    folder,
    built,
    compile: async () => {
      await run(process.execPath, [TSC, "-p", folder]).catch((error) => {
        throw new Error(`It doesn't compile:\n${error.stdout}`);
      });
    },
    run: async (name, ...flags) => {
      const { stdout } = await run(process.execPath, [...flags, name], { cwd: folder });
      return stdout;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
