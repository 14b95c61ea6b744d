// `npm run control -- limits …`: the operator's commands. It runs in this very process, so that the
// exit status is its own.
import { setUpOrExit } from "./set-up.mjs";

await setUpOrExit({ projects: ["services/control"] });
await import("../services/control/dist/command.js");
