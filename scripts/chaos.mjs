// `npm run chaos -- --seed N --minutes M [--redis single|sentinel|cluster]`: real processes under
// seeded faults, and a checker that judges each operation.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, setUpOrExit } from "./set-up.mjs";

await setUpOrExit();
await import(pathToFileURL(join(ROOT, "test", "dist", "chaos", "main.js")).href);
