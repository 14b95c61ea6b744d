/**
 * The built page, held in memory: a handful of files, named by their hashes, each also compressed.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { ASSETS_PREFIX } from "./routes.ts";

/** Where `vite build` puts the page; the same from the sources as from what is compiled of them. */
const PAGE_FOLDER = fileURLToPath(new URL("../dist/page", import.meta.url));

const ICON = fileURLToPath(new URL("../icon.svg", import.meta.url));

/** Hex characters in the name of a file: as many as tell two contents apart. */
const HASH_CHARACTERS = 10;

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
  /** Path of the script, of the styles and of the icon that a document has to name. */
  readonly script: string;
  readonly styles: readonly string[];
  readonly icon: string;
  /** By their path on the port. */
  readonly files: ReadonlyMap<string, Asset>;
};

/** Reads the built page; null when it isn't built. */
export function openAssets(folder: string = PAGE_FOLDER): Assets | null {
  const entry = readManifest(folder)?.[ENTRY];
  if (entry === undefined) return null;
  const names = readdirSync(folder).filter((name) => extname(name) in TYPES);
  const built = names.map((name) => [ASSETS_PREFIX + name, readAsset(join(folder, name))] as const);
  const icon = readAsset(ICON);
  const iconPath = hashedPath("icon", ".svg", icon.body);
  return {
    script: ASSETS_PREFIX + entry.file,
    styles: (entry.css ?? []).map((name) => ASSETS_PREFIX + name),
    icon: iconPath,
    files: new Map([...built, [iconPath, icon]]),
  };
}

/** A file of the page, compressed once for all. */
export function toAsset(extension: string, content: Uint8Array): Asset {
  const body = new Uint8Array(content);
  const level = constants.Z_BEST_COMPRESSION;
  const type = TYPES[extension] ?? "application/octet-stream";
  return { type, body, gzipped: new Uint8Array(gzipSync(body, { level })) };
}

/** A path that changes with the content, as those that the build makes do. */
export function hashedPath(name: string, extension: string, content: Uint8Array): string {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, HASH_CHARACTERS);
  return `${ASSETS_PREFIX}${name}-${hash}${extension}`;
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

function readAsset(path: string): Asset {
  return toAsset(extname(path), readFileSync(path));
}
