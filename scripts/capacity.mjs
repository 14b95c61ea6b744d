// `npm run capacity -- --conversations 1000000 --connections 10000000 --tokens-per-second 1500000`:
// what a deployment of this size takes; with --simulate, how it behaves.
import { setUpOrExit } from "./set-up.mjs";

await setUpOrExit({ projects: ["bench"] });
const { capacity } = await import("../bench/dist/capacity/main.js");
process.exitCode = capacity(process.argv.slice(2));
