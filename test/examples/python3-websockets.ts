/**
 * A python3 that can speak WebSocket: what is there, or Debian's python3-websockets where root may
 * install it.
 */
import { execFileSync } from "node:child_process";

const APT = [
  ["update", "-qq"],
  ["install", "-y", "-qq", "--no-install-recommends", "python3-websockets"],
];
/** The first of the PATH, and Debian's, for which its packages are. */
const PYTHONS = ["python3", "/usr/bin/python3"];
const INSTALL_MS_MAX = 120_000;

/** The command, or null, having said why. */
export function findPython(): string | null {
  const found = PYTHONS.find(hasWebsockets) ?? (installed() ? PYTHONS.find(hasWebsockets) : null);
  if (found) return found;
  console.warn(
    "SKIPPED: examples/python-raw needs python3 with websockets (apt install python3-websockets, or pip install websockets).",
  );
  return null;
}

function hasWebsockets(python: string): boolean {
  return quietly(python, ["-c", "import websockets"]);
}

function installed(): boolean {
  if (process.getuid?.() !== 0 || !quietly("apt-get", ["--version"])) return false;
  console.warn("Getting Debian's python3-websockets for examples/python-raw.");
  return APT.every((args) => quietly("apt-get", args));
}

function quietly(file: string, args: readonly string[]): boolean {
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    execFileSync(file, args, { stdio: "ignore", timeout: INSTALL_MS_MAX, env });
    return true;
  } catch {
    return false;
  }
}
