// `npm run screenshots`: takes the pictures of the page that the documents show, into docs/images,
// with the Chromium of this machine.
import { findChromium } from "./chromium.mjs";
import { run, say, setUpOrExit, toolCommand } from "./set-up.mjs";

await setUpOrExit();
const { env, missing } = await findChromium();
if (missing === null) {
  const command = toolCommand("tsx/dist/cli.mjs", "test/web/screenshots.ts", "docs/images");
  process.exitCode = await run(command, { env: { ...process.env, ...env } });
} else {
  say(`No pictures: ${missing}.`);
  process.exitCode = 1;
}
