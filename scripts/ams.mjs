// The command line of this clone (`cli`), built first, in this very process: signals and exit
// status are its own.
import { fileURLToPath } from "node:url";
import { setUpOrExit } from "./set-up.mjs";

const AMS = new URL("../cli/bin/ams.mjs", import.meta.url);

/** Becomes `ams <command>` with the arguments of this process. */
export async function becomeAms(command) {
  await setUpOrExit({ projects: ["cli"] });
  process.argv.splice(1, 1, fileURLToPath(AMS), command);
  await import(AMS.href);
}
