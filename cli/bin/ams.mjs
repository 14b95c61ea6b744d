#!/usr/bin/env node
// The command `ams`: runs what was built from src, or, where there is only that, the one file that
// is published.
import { existsSync } from "node:fs";

const built = ["main.js", "ams.mjs"].map((name) => new URL(`../dist/${name}`, import.meta.url));
const found = built.find((url) => existsSync(url));
if (found === undefined) {
  process.stderr.write("ams: This clone is not built yet: run `npm run build` in it first.\n");
  process.exitCode = 1;
} else await import(found.href);
