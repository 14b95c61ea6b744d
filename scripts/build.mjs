// `npm run build`: installs what is missing and compiles all rooms.
import { setUpOrExit } from "./set-up.mjs";

await setUpOrExit();
