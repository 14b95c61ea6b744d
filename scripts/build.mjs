// `npm run build`: installs what is missing, compiles all packages, and makes the page and what is
// served at /_dist/; the SDK's package is in libs/client/dist/package as well, and the wheel and
// the sdist of the Python SDK are in sdk/python/dist.
import { run, setUpOrExit } from "./set-up.mjs";

await setUpOrExit();
process.exit(await run([process.execPath, ["libs/client/build.mjs"]]));
