// `npm run check`: everything that can be said of the code without running it. All of it runs, then
// the failures are named.
import { run, say, setUpOrExit, toolCommand } from "./set-up.mjs";

await setUpOrExit();

const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
const CHECKS = [
  ["format and lint", toolCommand("@biomejs/biome/bin/biome", "ci", "--error-on-warnings", ".")],
  ["boundaries between packages", toolCommand("turbo/bin/turbo", "boundaries", "--no-color")],
  ["what npm run docs writes", [process.execPath, ["scripts/operations.mjs", "--check"]]],
  ["the wrapping of Markdown", [process.execPath, ["scripts/wrap-markdown.mjs", "--check"]]],
  ["docs/CLAUSES.md", [process.execPath, ["scripts/clauses.mjs", "--check"]]],
  [
    "docs/CAPACITY.md",
    [process.execPath, ["scripts/capacity.mjs", "--simulate", "--check", "docs/CAPACITY.md"]],
  ],
  ["docs/SDK.md", [process.execPath, ["scripts/sdk-docs.mjs", "--check"]]],
  [
    "tidiness and regular expressions",
    toolCommand("vitest/vitest.mjs", "run", "test/tidy.test.ts", "test/regexes.test.ts"),
  ],
];

// Types have been checked by the build that set this up.
const failed = [];
for (const [name, command] of CHECKS) {
  say(`Checking ${name} …`);
  if ((await run(command, { env })) !== 0) failed.push(name);
}
say(failed.length === 0 ? "All checks passed." : `Failed: ${failed.join(", ")}.`);
process.exit(failed.length === 0 ? 0 : 1);
