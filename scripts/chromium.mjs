// Finds a Chromium for the tests of the page, or gets Debian's: never one that a package downloads.
// What it finds is passed to the tests in the environment: AMS_TEST_CHROMIUM.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, say } from "./set-up.mjs";

/** What it is called by Debian and by others. */
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

const APT = [
  ["apt-get", ["update", "-qq"]],
  ["apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"]],
];

/**
 * The variables to add to the tests' environment, or in a sentence why there is no Chromium.
 * @returns {Promise<{env: Record<string, string>, missing: string | null}>}
 */
export async function findChromium() {
  if (process.env.AMS_TEST_CHROMIUM) return { env: {}, missing: null };
  return fromPath() ?? (await fromApt()) ?? nowhere();
}

function fromPath() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = places.find((place) => existsSync(place));
  return found === undefined ? null : { env: { AMS_TEST_CHROMIUM: found }, missing: null };
}

async function fromApt() {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return null;
  say("The tests of the page need Chromium. Getting Debian's:");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const [command, args] of APT) {
    say(`  ${command} ${args.join(" ")}`);
    if ((await run([command, args], { env })) !== 0) return null;
  }
  return fromPath();
}

function nowhere() {
  const missing = "no chromium was found on the PATH, and root's apt-get is not there to get one";
  return { env: {}, missing };
}
