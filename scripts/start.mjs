// `npm start`: sets the clone up, then becomes a whole AMS in one process on one port
// (services/standalone) until it is asked to stop. The service runs in this very process, so that
// signals and exit status are its own.
import { setUpOrExit } from "./set-up.mjs";

// The SDK and the command line as well, so that the examples and `npx ams` run against it at once.
await setUpOrExit({ projects: ["services/standalone", "libs/client", "cli"] });
await import("../services/standalone/dist/main.js");
