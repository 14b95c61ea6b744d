// Bundles the SDK for browsers: `browser.js`, which is all that a page loads to join, send and
// receive, and a file for each part that the source loads by `import()`.
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const ENTRY = join(dirname(fileURLToPath(import.meta.url)), "src", "index.ts");

const FIRST = "browser.js";

/**
 * The files, the first of them first.
 * @param {import("esbuild").BuildOptions} common
 */
export async function bundleBrowser(common) {
  const late = new Set();
  const first = await bundle(common, ENTRY, FIRST, aside(late));
  const rest = [...late].map((path) => bundle(common, path, nameOf(path), sharing));
  return [first, ...(await Promise.all(rest))];
}

/**
 * Bytes after gzip that a page loads with itself which imports these names from the package in
 * `folder` and leaves out what it doesn't use, as bundlers do.
 * @param {string} folder
 * @param {readonly string[]} names
 */
export async function pageBytes(folder, names) {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from "./${FIRST}";`, resolveDir: folder },
    bundle: true,
    external: ["./browser-*.js"],
    format: "esm",
    minify: true,
    write: false,
  });
  return gzipBytesOf(outputFiles[0].contents);
}

async function bundle(common, entry, name, plugin) {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: [entry],
    platform: "browser",
    minify: true,
    outfile: join(dirname(ENTRY), "..", "dist", "package", name),
    plugins: [plugin],
  });
  const [{ contents: map }, { contents }] = outputFiles;
  const [, { imports }] = Object.entries(metafile.outputs).find(([path]) => path.endsWith(".js"));
  const gzipBytes = gzipBytesOf(contents);
  return { name, contents, map, gzipBytes, imports, inputs: Object.keys(metafile.inputs) };
}

/** Leaves out what is loaded by `import()`, and gathers it. */
const aside = (late) => ({
  name: "aside",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== "dynamic-import") return undefined;
      late.add(resolve(resolveDir, path));
      return { path: `./${nameOf(path)}`, external: true };
    });
  },
});

/**
 * A late file has AmsError from the first, as there is one such class; it brings along what else it
 * needs, which is little.
 */
const sharing = {
  name: "sharing",
  setup: ({ onLoad, onResolve }) => {
    onLoad({ filter: /[\\/]src[\\/]errors\.ts$/ }, () => ({
      contents: `export { AmsError } from "./${FIRST}"`,
    }));
    onResolve({ filter: new RegExp(`/${FIRST}$`) }, ({ path }) => ({ path, external: true }));
  },
};

function nameOf(path) {
  return `browser-${basename(path, ".ts")}.js`;
}

function gzipBytesOf(contents) {
  return gzipSync(contents, { level: 9 }).length;
}
