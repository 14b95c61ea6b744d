/** The built page, held in memory: a handful of files, named by their hashes, each also compressed. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { ASSETS_PREFIX } from "./routes.ts";

/** Where `vite build` puts the page; the same from the sources as from what is compiled of them. */
export const PAGE_FOLDER = fileURLToPath(new URL("../dist/page", import.meta.url));

/** The source file from which the page begins, as the manifest calls it. */
const ENTRY = "main.tsx";

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

export type Asset = {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
};

export type Assets = {
  /** Path of the script and of the styles that a document has to name. */
  readonly script: string;
  readonly styles: readonly string[];
  readonly icon: string | null;
  /** By their path on the port. */
  readonly files: ReadonlyMap<string, Asset>;
};

/** Reads the built page; null when it isn't built. */
export async function openAssets(folder: string = PAGE_FOLDER): Promise<Assets | null> {
  const manifest = readManifest(folder);
  const entry = manifest?.[ENTRY];
  if (entry === undefined) return null;
  const names = readdirSync(folder).filter((name) => extname(name) in TYPES);
  const files = await Promise.all(
    names.map(async (name) => [ASSETS_PREFIX + name, await openAsset(folder, name)] as const),
  );
  const icon = names.find((name) => extname(name) === ".svg");
  return {
    script: ASSETS_PREFIX + entry.file,
    styles: (entry.css ?? []).map((name) => ASSETS_PREFIX + name),
    icon: icon === undefined ? null : ASSETS_PREFIX + icon,
    files: new Map(files),
  };
}

type Manifest = Readonly<
  Record<string, { readonly file: string; readonly css?: readonly string[] } | undefined>
>;

function readManifest(folder: string): Manifest | null {
  try {
    return JSON.parse(readFileSync(join(folder, ".vite", "manifest.json"), "utf8"));
  } catch {
    return null;
  }
}

async function openAsset(folder: string, name: string): Promise<Asset> {
  const body = new Uint8Array(readFileSync(join(folder, name)));
  const gzipped = new Uint8Array(
    await promisify(gzip)(body, { level: constants.Z_BEST_COMPRESSION }),
  );
  return { type: TYPES[extname(name)] ?? "application/octet-stream", body, gzipped };
}
