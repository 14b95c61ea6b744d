// Makes the package that is published as `ams-client`: files for browsers, Bun and Deno, one for
// Node with `ws` in it, source maps, and types that need nothing else. Run:
// `node libs/client/build.mjs [folder]`, after `tsc -b`.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
// @boundaries-ignore what the published packages have in common is a script of the repository
import { publishedFields, readmeOf } from "../../scripts/published.mjs";
import { bundleBrowser, pageBytes } from "./bundle-browser.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const PROTOCOL_TYPES = join(HERE, "..", "protocol", "dist");
const WS = dirname(createRequire(import.meta.url).resolve("ws/package.json"));

/**
 * Bytes after gzip of the browser's first file: what a page pays to join, send and receive. It is a
 * little more than the file had when this was set, so that growth is noticed. 8,000 was the aim and
 * isn't reached: docs/adr/0011-what-the-browser-pays.md.
 */
export const BROWSER_GZIP_BYTES_MAX = 15_300;

/**
 * The same of all its files together: what a page pays that uses everything, accounts and their
 * faults too.
 */
export const BROWSER_ALL_GZIP_BYTES_MAX = 21_700;

/** `ws` is CommonJS, and reaches Node's own modules by `require`. */
const REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

const COMMON = {
  bundle: true,
  format: "esm",
  conditions: ["ams-source"],
  metafile: true,
  write: false,
  legalComments: "none",
  target: "es2022",
  sourcemap: "linked",
};

/**
 * Writes the package to `folder`, whatever was there. Returns what each bundle is made of.
 * @param {string} folder
 */
export async function buildPackage(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const browser = await bundleBrowser(COMMON);
  const node = await build({
    ...COMMON,
    entryPoints: [join(HERE, "src", "node.ts")],
    platform: "node",
    banner: { js: REQUIRE },
    // Native helpers of `ws` that aren't brought along: it does without them.
    define: {
      "process.env.WS_NO_BUFFER_UTIL": '"true"',
      "process.env.WS_NO_UTF_8_VALIDATE": '"true"',
    },
    minifySyntax: true,
    outfile: join(HERE, "dist", "package", "node.js"),
  });
  const answers = await Promise.all([
    bundleAnswers("answers-browser.js", "./browser.js", "browser"),
    bundleAnswers("answers-node.js", "./node.js", "node"),
  ]);
  const tokens = await build({
    ...COMMON,
    entryPoints: [join(HERE, "src", "tokens.ts")],
    platform: "node",
    minifySyntax: true,
    outfile: join(HERE, "dist", "package", "tokens.js"),
  });
  for (const { name, contents, map } of browser) {
    writeFileSync(join(folder, name), contents);
    writeFileSync(join(folder, `${name}.map`), map);
  }
  for (const { path, contents } of [node, tokens, ...answers].flatMap((one) => one.outputFiles)) {
    writeFileSync(join(folder, basename(path)), contents);
  }
  const copied = new Set();
  for (const entry of ["index.d.ts", "answers/index.d.ts", "tokens.d.ts"]) {
    copyTypes(join(HERE, "dist", entry), folder, copied);
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
  writeFileSync(join(folder, "README.md"), readmeOf(HERE));
  copyFileSync(join(HERE, "..", "..", "LICENSE"), join(folder, "LICENSE"));
  copyFileSync(join(WS, "LICENSE"), join(folder, "LICENSE-ws"));
  return {
    browser,
    node: { metafile: node.metafile },
    answers: answers.map(({ metafile }) => metafile),
  };
}

/** `ams-client/answers`, which has the SDK from the file beside it: there is one `AmsError`. */
function bundleAnswers(name, sdk, platform) {
  return build({
    ...COMMON,
    entryPoints: [join(HERE, "src", "answers", "index.ts")],
    platform,
    minifySyntax: true,
    outfile: join(HERE, "dist", "package", name),
    plugins: [
      {
        name: "sdk",
        setup: ({ onResolve }) => {
          onResolve({ filter: /^@ams\/client$/ }, () => ({ path: sdk, external: true }));
        },
      },
    ],
  });
}

/** The workspace's own manifest, with what is published instead of what is compiled. */
function manifest() {
  const own = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));
  const { type, sideEffects } = own;
  return {
    ...publishedFields(HERE, "ams-client"),
    type,
    sideEffects,
    exports: {
      ".": {
        types: "./types/client/index.d.ts",
        browser: "./browser.js",
        bun: "./browser.js",
        deno: "./browser.js",
        node: "./node.js",
        default: "./browser.js",
      },
      "./answers": {
        types: "./types/client/answers/index.d.ts",
        browser: "./answers-browser.js",
        bun: "./answers-browser.js",
        deno: "./answers-browser.js",
        node: "./answers-node.js",
        default: "./answers-browser.js",
      },
      "./tokens": { types: "./types/client/tokens.d.ts", default: "./tokens.js" },
    },
  };
}

/**
 * An import or re-export as the compiler writes it: on a line of its own, unlike those of examples
 * in comments.
 */
const IMPORT = /^((?:import|export) .* from )"([^"]+)"/gm;

/**
 * Copies a declaration file and all that it imports, the protocol's too, so that every import is
 * relative.
 */
function copyTypes(entry, folder, copied) {
  if (copied.has(entry)) return;
  copied.add(entry);
  const target = typesPath(folder, entry);
  const text = readFileSync(entry, "utf8").replace(IMPORT, (_, head, specifier) => {
    const path = specifier.startsWith(".")
      ? join(dirname(entry), specifier.replace(/\.ts$/, ".d.ts"))
      : protocolTypes(specifier, entry);
    copyTypes(path, folder, copied);
    const to = relative(dirname(target), typesPath(folder, path)).replace(/\.d\.ts$/, ".js");
    return `${head}"${to.startsWith(".") ? to : `./${to}`}"`;
  });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text.replace(/\n\/\/# sourceMappingURL=.*/, ""));
}

function protocolTypes(specifier, importer) {
  if (specifier === "@ams/client") return join(HERE, "dist", "index.d.ts");
  if (specifier === "@ams/protocol") return join(PROTOCOL_TYPES, "index.d.ts");
  throw new Error(
    `${basename(importer)} imports types of ${specifier}, which a reader won't have.`,
  );
}

function typesPath(folder, path) {
  const packageName = path.startsWith(PROTOCOL_TYPES) ? "protocol" : "client";
  const root = packageName === "protocol" ? PROTOCOL_TYPES : join(HERE, "dist");
  return join(folder, "types", packageName, relative(root, path));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(HERE, "dist", "package"));
  const { browser } = await buildPackage(folder);
  const sizes = browser.map(({ name, gzipBytes }) => `${name} ${gzipBytes}`);
  for (const name of ["join", "createAccount"]) {
    sizes.push(`a bundled page that imports ${name} ${await pageBytes(folder, [name])}`);
  }
  process.stderr.write(`@ams/client is in ${folder}; bytes after gzip: ${sizes.join(", ")}.\n`);
}
