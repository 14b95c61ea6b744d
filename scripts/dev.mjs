// `npm run dev`: a standalone AMS that is compiled and started again whenever a source file
// changes.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT, setUpOrExit, toolCommand } from "./set-up.mjs";

await setUpOrExit({ projects: ["services/standalone"] });

const service = join(ROOT, "services", "standalone", "dist", "main.js");
const [node, compilerArgs] = toolCommand(
  "typescript/bin/tsc",
  ...["-b", "services/standalone", "--watch", "--preserveWatchOutput"],
);
const children = [
  spawn(node, compilerArgs, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] }),
  spawn(node, ["--watch", "--watch-preserve-output", service], { cwd: ROOT, stdio: "inherit" }),
];

// Where one of them ends, for whatever reason, the other has no purpose.
for (const child of children) {
  child.once("exit", (code) => {
    process.exitCode ??= code ?? 0;
    for (const other of children) other.kill("SIGTERM");
  });
}
// A Ctrl-C reaches all of them by itself; staying here lets them end first.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => {
  for (const child of children) child.kill("SIGTERM");
});
