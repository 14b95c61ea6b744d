/**
 * The built page, held in memory: a handful of files, named by their hashes, each also compressed.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { ASSETS_PREFIX } from "./routes.ts";

/** The font of text in Latin letters. */
const FIRST_FONT = /^geist-latin-wght-normal-.*\.woff2$/;

/** Where `vite build` puts the page; the same from the sources as from what is compiled of them. */
const PAGE_FOLDER = fileURLToPath(new URL("../dist/page", import.meta.url));

const ICON = fileURLToPath(new URL("../icon.svg", import.meta.url));

/** Hex characters in the name of a file: enough for two contents to differ. */
const HASH_CHARACTERS = 10;

/** The source file from which the page begins, as the manifest calls it. */
const ENTRY = "main.tsx";

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

/** Compressed already: they are served as they are. */
const COMPRESSED: readonly string[] = [".webp", ".woff2"];

export type Asset = {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Null where compressing it again would save nothing. */
  readonly gzipped: Uint8Array<ArrayBuffer> | null;
};

export type Assets = {
  /** Path of the script, of the styles and of the icon that a document has to name. */
  readonly script: string;
  /** The scripts that the first one imports, so that a browser asks for all of them at once. */
  readonly imports: readonly string[];
  readonly styles: readonly string[];
  readonly icon: string;
  /** Paths of the fonts that nearly every page needs, so that a browser asks for them at once. */
  readonly fonts: readonly string[];
  /** By their path on the port. */
  readonly files: ReadonlyMap<string, Asset>;
};

/** Reads the built page; null when it isn't built. */
export function openAssets(folder: string = PAGE_FOLDER): Assets | null {
  const manifest = readManifest(folder);
  const entry = manifest?.[ENTRY];
  if (manifest === null || entry === undefined) return null;
  const names = readdirSync(folder).filter((name) => extname(name) in TYPES);
  const built = names.map((name) => [ASSETS_PREFIX + name, readAsset(join(folder, name))] as const);
  const icon = readAsset(ICON);
  const iconPath = hashedPath("icon", ".svg", icon.body);
  return {
    script: ASSETS_PREFIX + entry.file,
    imports: importsOf(manifest, entry).map((name) => ASSETS_PREFIX + name),
    styles: (entry.css ?? []).map((name) => ASSETS_PREFIX + name),
    icon: iconPath,
    fonts: names.filter((name) => FIRST_FONT.test(name)).map((name) => ASSETS_PREFIX + name),
    files: new Map([...built, [iconPath, icon]]),
  };
}

/** A file of the page, compressed once for all. */
export function toAsset(extension: string, content: Uint8Array): Asset {
  const body = new Uint8Array(content);
  const level = constants.Z_BEST_COMPRESSION;
  const type = TYPES[extension] ?? "application/octet-stream";
  const gzipped = COMPRESSED.includes(extension) ? null : new Uint8Array(gzipSync(body, { level }));
  return { type, body, gzipped };
}

/** A path that changes with the content, as those that the build makes do. */
export function hashedPath(name: string, extension: string, content: Uint8Array): string {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, HASH_CHARACTERS);
  return `${ASSETS_PREFIX}${name}-${hash}${extension}`;
}

type Chunk = {
  readonly file: string;
  readonly css?: readonly string[];
  /** Keys of the chunks that it imports. */
  readonly imports?: readonly string[];
};
type Manifest = Readonly<Record<string, Chunk | undefined>>;

/** The files that a chunk imports, and those that they import, each once. */
function importsOf(manifest: Manifest, chunk: Chunk): readonly string[] {
  const files = new Set<string>();
  const visit = ({ imports = [] }: Chunk) => {
    for (const key of imports) {
      const imported = manifest[key];
      if (imported === undefined || files.has(imported.file)) continue;
      files.add(imported.file);
      visit(imported);
    }
  };
  visit(chunk);
  return [...files];
}

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
