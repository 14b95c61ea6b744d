// Makes dist/ams.mjs: the whole command line in one file that needs nothing beside it, for
// publishing.
//   node cli/build.mjs
import { chmodSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const outfile = join(here, "dist", "ams.mjs");
const loadtest = createRequire(new URL("../loadtest/package.json", import.meta.url));
const textFor = (path) => readFileSync(loadtest.resolve(path), "utf8");

await build({
  entryPoints: [join(here, "src", "main.ts")],
  outfile,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // The sources of the SDK, so that nothing has to be built before.
  conditions: ["ams-source"],
  minify: true,
  keepNames: true,
  legalComments: "eof",
  define: {
    AMS_VERSION: JSON.stringify(version),
    // What the report of `ams load` draws its plots with.
    AMS_UPLOT_SCRIPT: JSON.stringify(textFor("uplot/dist/uPlot.iife.min.js")),
    AMS_UPLOT_STYLE: JSON.stringify(textFor("uplot/dist/uPlot.min.css")),
  },
  // Packages in CommonJS inside an ES module still ask for `require`.
  banner: {
    js: [
      "#!/usr/bin/env node",
      'import { createRequire as amsCreateRequire } from "node:module";',
      "const require = amsCreateRequire(import.meta.url);",
    ].join("\n"),
  },
});
chmodSync(outfile, 0o755);
