// Makes a clone ready to run: the right Node, the packages of the lock file, the build. Each step
// is skipped when there is nothing to do, and nothing reaches the network unless packages are
// missing. Plain JavaScript without dependencies.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { npmCommand } from "./npm.mjs";
import { requirePlatform } from "./platform.mjs";
import { becomeServerNode } from "./server-node.mjs";
import { buildIfChanged } from "./stamped.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const LOCK_FILE = join(ROOT, "package-lock.json");
const INSTALLED = join(ROOT, "node_modules", ".package-lock.json");
/** Holds the hash of the lock file from which node_modules was installed. */
const STAMP = join(ROOT, "node_modules", ".ams-installed");
/** What the page is made of, beside the packages of the lock file. */
const PAGE_SOURCES = [
  "edges/web/src/page",
  "edges/web/src/dead-link.ts",
  "edges/web/src/server-name.ts",
  "edges/web/vite.config.ts",
  "libs/client/src",
  "libs/protocol/src",
  "package-lock.json",
];
/** What the packages at /_dist/ are made of. */
const PACKAGES_SOURCES = [
  ...["cli/src", "cli/build.mjs", "cli/package.json", "cli/README.md", "loadtest/src"],
  ...["libs/client/src", "libs/client/build.mjs", "libs/client/bundle-browser.mjs"],
  ...["libs/client/package.json", "libs/client/README.md", "libs/protocol/src"],
  ...["libs/amp/src", "libs/workflow-client/src", "libs/workflow-rules/src", "libs/provenance/src"],
  ...["edges/mcp/src", "libs/edge/src", "libs/process/src"],
  ...["scripts/packages.mjs", "scripts/published.mjs", "package.json", "package-lock.json"],
  ...["sdk/python/src", "sdk/python/pyproject.toml", "sdk/python/README.md", "scripts/python.mjs"],
];
/** Projects that answer with the page of edges/web, and serve the packages. */
const SERVES_PAGE = ["services/standalone", "edges/web"];
/** Milliseconds between two looks at a set-up that another terminal is doing in the same clone. */
const LOOK_AGAIN_MS = 200;

/** Milliseconds after which a set-up has certainly ended, whatever process has its pid now. */
const SET_UP_MS_MAX = 600_000;

/** A step of the set-up that failed; its own output has said why. */
export class SetUpFailed extends Error {
  name = "SetUpFailed";
}

/**
 * Installs and builds what is missing. `projects` are the TypeScript projects to build, all of them
 * unless given. Throws `SetUpFailed`; ends the process with 78 where AMS can't run at all.
 * @param {{projects?: readonly string[]}} options
 */
export async function setUp({ projects = [] } = {}) {
  requirePlatform();
  await becomeServerNode();
  const release = await onlyHere();
  try {
    await install();
    await build(projects);
    if (projects.length === 0 || projects.some((project) => SERVES_PAGE.includes(project))) {
      await page();
      await packages();
    }
  } finally {
    release();
  }
}

/**
 * As `setUp`, for commands of which it is only the beginning: says the failure and ends the process
 * with 1.
 */
export async function setUpOrExit(options) {
  try {
    await setUp(options);
  } catch (error) {
    if (!(error instanceof SetUpFailed)) throw error;
    say(error.message);
    process.exit(1);
  }
}

/** A line of progress, on stderr so that stdout holds nothing but the answer. */
export function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}

/** The command line of a Node program that a package in node_modules brings. */
export function toolCommand(path, ...args) {
  return [process.execPath, [join(ROOT, "node_modules", path), ...args]];
}

/**
 * Runs a command with this terminal, its stdout on our stderr unless given; resolves with its exit
 * status (1 for a signal).
 */
export function run([command, args], { stdout = 2, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ["ignore", stdout, 2] });
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

async function install() {
  const lockText = readFileSync(LOCK_FILE, "utf8");
  const hash = createHash("sha256").update(lockText).digest("hex");
  if (readOrNull(STAMP) === hash) return;
  if (!holdsAll(lockText, readOrNull(INSTALLED))) {
    say("Installing the packages of package-lock.json (once; about half a minute) …");
    // Also under NODE_ENV=production, because the build needs the compiler; whatever the user's npm
    // says of engines, because `requirePlatform` has checked them and uws-pack declares a narrower
    // range than its binaries have. No package needs its install script: none is run, whatever the
    // user's npm says.
    const flags = ["--ignore-scripts", "--include=dev", "--no-audit", "--no-fund"];
    flags.push("--engine-strict=false");
    const [command, first] = npmCommand();
    const status = await run([command, [...first, "ci", "--loglevel=error", ...flags]]);
    if (status !== 0) throw new SetUpFailed("The packages could not be installed: see above.");
  }
  writeFileSync(STAMP, hash);
}

/**
 * True when an installation that was made without this script already is what the lock file says.
 */
function holdsAll(lockText, installedText) {
  if (installedText === null) return false;
  const installed = JSON.parse(installedText).packages;
  return Object.entries(JSON.parse(lockText).packages).every(([path, wanted]) => {
    const found = installed[path];
    // The packages of this repository, which are linked.
    if (!path.includes("node_modules/")) return true;
    if (found === undefined) return wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/**
 * The compiler finds out by itself what has changed; when nothing has, that takes a tenth of a
 * second.
 */
async function build(projects) {
  const status = await run(toolCommand("typescript/bin/tsc", "-b", ...projects));
  if (status !== 0) throw new SetUpFailed("The build failed: see above.");
}

/** The page that people see; as quick as the compiler when nothing has changed. */
async function page() {
  const vite = toolCommand("vite/bin/vite.js", "build", "--logLevel=error");
  vite[1].push("--config=edges/web/vite.config.ts");
  const isBuilt = await buildIfChanged(ROOT, "edges/web/dist/page", PAGE_SOURCES, () => run(vite));
  if (!isBuilt) throw new SetUpFailed("The page could not be built: see above.");
}

/** The packages that the deployment serves at /_dist/. */
async function packages() {
  const build = [process.execPath, [join(ROOT, "scripts", "packages.mjs")]];
  const folder = "edges/web/dist/tarballs";
  const isBuilt = await buildIfChanged(ROOT, folder, PACKAGES_SOURCES, () => run(build));
  if (!isBuilt) throw new SetUpFailed("The packages of the clients could not be built: see above.");
}

/**
 * Two terminals in one clone set it up one after the other; the second then finds everything done.
 */
async function onlyHere() {
  const name = createHash("sha256").update(ROOT).digest("hex").slice(0, 16);
  const path = join(tmpdir(), `ams-set-up-${name}.pid`);
  const waitedFor = new Set();
  while (!created(path, String(process.pid))) {
    const holder = Number(readOrNull(path));
    if ((holder > 0 && !isAlive(holder)) || ageMs(path) > SET_UP_MS_MAX) {
      rmSync(path, { force: true });
    } else {
      if (waitedFor.size === 0) say(`Waiting for process ${holder}, which sets up this folder …`);
      waitedFor.add(holder);
      await pause(LOOK_AGAIN_MS);
    }
  }
  return () => rmSync(path, { force: true });
}

function created(path, text) {
  try {
    writeFileSync(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function ageMs(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function readOrNull(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
