// `npm run simulate -- --seed N --histories M [--faults cut,pause,…]`: histories of several
// gateways in one process, on simulated time.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, setUpOrExit } from "./set-up.mjs";

await setUpOrExit({ projects: ["services/gateway"] });
const main = join(ROOT, "services", "gateway", "dist", "simulation", "main.js");
await import(pathToFileURL(main).href);
