/**
 * The folder in which a standalone AMS keeps what must survive it: its directory, its peppers, its
 * demo account. All of it is for its owner alone (0700, files 0600).
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Lock, takeLock } from "./lock.ts";

/** Random bytes of a pepper: as many as the hash that it keys puts out. */
const PEPPER_BYTES = 64;

/**
 * Bytes that a start needs: the lock, the peppers, the demo, and the first pages of the directory
 * file. The store's library ends the process by a signal when its file can't get them.
 */
export const FREE_BYTES_MIN = 4_194_304;

/** Files of ours that hold secrets. One that was copied here with a wider mode is tightened. */
const SECRETS = /^(?:peppers\.json|edge-secret|demo.*)$/;

export type StateFolder = {
  readonly path: string;
  readonly lock: Lock;
  /**
   * The file of peppers, made by the first process that opened the folder and never changed by
   * another.
   */
  readonly peppersFile: string;
  /** The secret from which each edge's own is derived: made once, as the peppers. */
  readonly edgeSecret: string;
  /** The folder in which the embedded directory lives. */
  readonly directoryFolder: string;
  /** The path of another file of the folder. */
  readonly file: (name: string) => string;
};

/**
 * Opens the folder and locks it, or names the pid of the process that has it. Throws where it can't
 * be written.
 */
export function openStateFolder(
  given: string,
):
  | { readonly ok: true; readonly value: StateFolder }
  | { readonly ok: false; readonly heldBy: number } {
  const path = resolve(given);
  makeFolder(path);
  const lock = takeLock(join(path, "lock"));
  if (!lock.ok) return lock;
  const peppersFile = join(path, "peppers.json");
  if (!existsSync(peppersFile)) writePrivate(peppersFile, newPeppers());
  const secretFile = join(path, "edge-secret");
  if (!existsSync(secretFile)) writePrivate(secretFile, `${newSecret()}\n`);
  const secrets = readdirSync(path).filter((name) => SECRETS.test(name));
  for (const name of secrets) tighten(join(path, name), 0o600);
  tighten(join(path, "directory"), 0o700);
  return {
    ok: true,
    value: {
      path,
      lock: lock.value,
      peppersFile,
      edgeSecret: readFileSync(secretFile, "utf8").trim(),
      directoryFolder: join(path, "directory"),
      file: (name) => join(path, name),
    },
  };
}

/** Bytes that are free where the folder is, or will be made; null where the system doesn't say. */
export function freeBytes(given: string): number | null {
  const path = resolve(given);
  if (!existsSync(path)) return dirname(path) === path ? null : freeBytes(dirname(path));
  try {
    const { bavail, bsize, blocks } = statfsSync(path);
    return blocks === 0 ? null : bavail * bsize;
  } catch {
    return null;
  }
}

/**
 * Step by step: Node's own recursion never ends in some places, such as /proc. A folder that is
 * there keeps its mode.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
  chmodSync(path, 0o700);
}

/**
 * Takes away what others may do with a file or folder of ours: a copy or a backup may have come
 * back wider than it went.
 */
function tighten(path: string, mode: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.uid !== process.getuid?.()) return;
  if ((found.mode & 0o777 & ~mode) !== 0) chmodSync(path, found.mode & mode);
}

/** Writes a file for its owner's eyes only, whole or not at all. */
export function writePrivate(path: string, text: string): void {
  const draft = `${path}.new`;
  writeFileSync(draft, text, { mode: 0o600, flush: true });
  renameSync(draft, path);
}

/** The text of a file, or null when there is none. */
export function readIfThere(path: string): string | null {
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

function newSecret(): string {
  return randomBytes(PEPPER_BYTES).toString("hex");
}

function newPeppers(): string {
  return `${JSON.stringify({ credential: [newSecret()], link: [newSecret()] }, null, 2)}\n`;
}
