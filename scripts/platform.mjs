// Whether this Node and this C library can run AMS. Plain JavaScript without dependencies: it runs
// before anything is installed.

import { NATIVE_MAJORS, needsServerNode } from "./server-node.mjs";

/**
 * The oldest glibc that the binaries load on: LMDB's were linked against 2.34, uWebSockets.js's
 * against 2.28.
 */
const GLIBC_MIN = "2.34";

/** What works where the servers don't. */
const CLIENTS = "the SDK and `ams` run there as they are, against an AMS elsewhere";

/** Exit status for a machine or configuration that AMS can't run with (sysexits' EX_CONFIG). */
export const EXIT_CONFIG = 78;

/**
 * What of this process decides: `glibc` is null on a Linux that has another C library.
 * @returns {{node: string, platform: string, arch: string, glibc: string | null}}
 */
export function thisPlatform() {
  const { platform, arch } = process;
  return { node: process.versions.node, platform, arch, glibc: glibcVersion() };
}

/**
 * One sentence that says why AMS can't run here and on what it does, or null when it can.
 * @param {{node: string, platform: string, arch: string, glibc: string | null}} here
 */
export function platformFault({ node, platform, arch, glibc }) {
  const needed = "AMS's servers run on Node 20 or later";
  const major = Number(node.split(".")[0]);
  if (major < 20) return `${needed}, not on Node ${node}.`;
  if (platform === "win32") {
    return `${needed} on macOS and Linux, not on Windows: use WSL 2 or the container images; ${CLIENTS}.`;
  }
  if (!["x64", "arm64"].includes(arch)) {
    return `${needed} for x64 or arm64, not on ${arch}: their native libraries have no binaries for that; ${CLIENTS}.`;
  }
  if (!NATIVE_MAJORS.includes(major) && !needsServerNode({ node, platform, arch })) {
    return `AMS's servers run on Node ${NATIVE_MAJORS.join(" or ")} on ${platform}, not on Node ${node}: their WebSocket library has no binary for that one; ${CLIENTS}.`;
  }
  if (platform !== "linux") return null;
  const libraries = `with glibc ${GLIBC_MIN} or newer (Debian 12, Ubuntu 22.04, RHEL 9 and later)`;
  if (glibc === null) {
    return `${needed} ${libraries}, not with musl as on Alpine: use the container images; ${CLIENTS}.`;
  }
  if (isOlder(glibc, GLIBC_MIN)) {
    return `${needed} ${libraries}, not with glibc ${glibc}: their native libraries don't load there; ${CLIENTS}.`;
  }
  return null;
}

/** Ends the process with 78 and one sentence where AMS can't run. */
export function requirePlatform() {
  const fault = platformFault(thisPlatform());
  if (fault === null) return;
  process.stderr.write(`${fault}\n`);
  process.exit(EXIT_CONFIG);
}

function glibcVersion() {
  if (process.platform !== "linux" || process.report === undefined) return null;
  // Where it is known, the report doesn't resolve names of peers.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime ?? null;
}

function isOlder(version, than) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split(".").map(Number);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
