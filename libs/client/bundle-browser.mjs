// Bundles the SDK for browsers: `browser.js`, which is all that a page loads to join, send and hear, and a file for each part that
// the source loads by `import()`.
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const ENTRY = join(dirname(fileURLToPath(import.meta.url)), "src", "index.ts");

const FIRST = "browser.js";

const MINIFY = { minify: true, format: "esm", target: "es2022" };

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

async function bundle(common, entry, name, plugin) {
  const { outputFiles, metafile } = await build({
    ...common,
    ...MINIFY,
    entryPoints: [entry],
    platform: "browser",
    plugins: [plugin],
  });
  // Once more, as one file: what the modules declared one by one is then declared together.
  const { code } = await transform(outputFiles[0].text, MINIFY);
  const [{ imports }] = Object.values(metafile.outputs);
  const gzipBytes = gzipSync(code, { level: 9 }).length;
  return { name, code, gzipBytes, imports, inputs: Object.keys(metafile.inputs) };
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

/** A late file has AmsError from the first, as there is one such class; it brings along what else it needs, which is little. */
const sharing = {
  name: "sharing",
  setup: ({ onLoad, onResolve }) => {
    onLoad({ filter: /src\/errors\.ts$/ }, () => ({
      contents: `export { AmsError } from "./${FIRST}"`,
    }));
    onResolve({ filter: new RegExp(`/${FIRST}$`) }, ({ path }) => ({ path, external: true }));
  },
};

function nameOf(path) {
  return `browser-${basename(path, ".ts")}.js`;
}
