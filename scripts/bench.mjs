// `npm run bench`: how fast, measured the same way each time against its own controls. Ctrl-C
// leaves no process behind.
import { findChromium } from "./chromium.mjs";
import { measurePython } from "./python.mjs";
import { findRedis } from "./redis.mjs";
import { say, setUpOrExit } from "./set-up.mjs";

const EXIT_UNAVAILABLE = 69;
/** What a shell shows for a program that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

await setUpOrExit({
  projects: ["bench", "test", "services/gateway", "services/control", "services/standalone"],
});
const { startCluster } = await import("../test/dist/cluster.js");
const { startProcess } = await import("../test/dist/cluster/server-process.js");
const { startStandalone } = await import("../test/dist/standalone.js");
const { freePort } = await import("../test/dist/cluster/free-port.js");
const { bench } = await import("../bench/dist/main.js");

const redis = await findRedis();
if (redis.missing !== null) {
  say(`The bench needs Redis: ${redis.missing}.`);
  process.exit(EXIT_UNAVAILABLE);
}
Object.assign(process.env, redis.env);

// Every process that it starts ends when this one does.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => process.exit(EXIT_INTERRUPTED));
}
const ground = {
  startCluster,
  startStandalone,
  startProcess,
  freePort,
  measurePage,
  measurePython,
};
process.exitCode = await bench(process.argv.slice(2), ground);

/** A browser is looked for only when a case asks for the page. */
async function measurePage(load) {
  const chromium = await findChromium();
  if (chromium.missing !== null) return { missing: chromium.missing };
  Object.assign(process.env, chromium.env);
  const measured = await import("../test/dist/web/measure.js");
  return measured.measurePage(load);
}
