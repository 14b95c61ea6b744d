// `npm run build`: installs what is missing, compiles all rooms and makes the SDK's package.
import { run, setUpOrExit } from "./set-up.mjs";

await setUpOrExit();
process.exit(await run([process.execPath, ["libs/client/build.mjs"]]));
