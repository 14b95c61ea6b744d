// Makes dist/ams.mjs: the whole command line in one file that needs nothing beside it, for publishing.
//   node cli/build.mjs
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const outfile = join(here, "dist", "ams.mjs");

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
  define: { AMS_VERSION: JSON.stringify(version) },
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
