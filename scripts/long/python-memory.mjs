// sdk/python/bench/memory.py for ten minutes against a standalone of its own.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { findPython, makeTestEnvironment, SDK } from "../python.mjs";
import { say, setUpOrExit } from "../set-up.mjs";

const SECONDS = 600;
const EXIT_UNAVAILABLE = 69;

await setUpOrExit();
const { startStandalone } = await import("../../test/dist/standalone.js");
const found = findPython();
if (found === null) {
  say("There is no Python 3.10 or later with venv.");
  process.exit(EXIT_UNAVAILABLE);
}
const python = makeTestEnvironment(found);
const ams = await startStandalone();
const env = { ...process.env, PYTHONPATH: join(SDK, "src") };
const args = [join(SDK, "bench", "memory.py"), ams.url, String(SECONDS)];
const { status } = spawnSync(python, args, { env, stdio: ["ignore", "inherit", "inherit"] });
await ams.stop();
process.exitCode = status ?? 1;
