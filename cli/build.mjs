// Makes the package that is published as `ams-cli`, whose command is `ams`: the whole command line
// in one file, and the program of `ams mcp` in another, which need nothing beside them.
//   node cli/build.mjs [folder]
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
// @boundaries-ignore what the published packages have in common is a script of the repository
import { publishedFields, readmeOf } from "../scripts/published.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(process.argv[2] ?? join(here, "dist", "package"));
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const outfile = join(folder, "ams.mjs");
const loadtest = createRequire(new URL("../loadtest/package.json", import.meta.url));
const textFor = (path) => readFileSync(loadtest.resolve(path), "utf8");

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const common = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // The sources of the SDK, so that nothing has to be built before.
  conditions: ["ams-source"],
  minify: true,
  keepNames: true,
  legalComments: "eof",
  // Packages in CommonJS inside an ES module still ask for `require`.
  banner: {
    js: [
      "#!/usr/bin/env node",
      'import { createRequire as amsCreateRequire } from "node:module";',
      "const require = amsCreateRequire(import.meta.url);",
    ].join("\n"),
  },
};
await build({
  ...common,
  entryPoints: [join(here, "src", "main.ts")],
  outfile,
  define: {
    AMS_VERSION: JSON.stringify(version),
    // What the report of `ams load` draws its plots with.
    AMS_UPLOT_SCRIPT: JSON.stringify(textFor("uplot/dist/uPlot.iife.min.js")),
    AMS_UPLOT_STYLE: JSON.stringify(textFor("uplot/dist/uPlot.min.css")),
  },
});
await build({
  ...common,
  entryPoints: [join(here, "..", "edges", "mcp", "src", "stdio.ts")],
  outfile: join(folder, "mcp.mjs"),
});
chmodSync(outfile, 0o755);
const man = execFileSync(process.execPath, [outfile, "man"]);
writeFileSync(join(folder, "ams.1"), man);
const manifest = {
  ...publishedFields(here, "ams-cli"),
  type: "module",
  bin: { ams: "./ams.mjs" },
  man: "./ams.1",
};
writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(join(folder, "README.md"), readmeOf(here));
copyFileSync(join(here, "..", "LICENSE"), join(folder, "LICENSE"));
