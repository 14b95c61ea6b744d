/**
 * The folder in which a standalone AMS keeps what must survive it: its directory, its peppers, its demo account.
 * All of it is for its owner alone (0700, files 0600).
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Lock, takeLock } from "./lock.ts";

/** Random bytes of a pepper: as many as the hash that it keys puts out. */
const PEPPER_BYTES = 64;

export type StateFolder = {
  readonly path: string;
  readonly lock: Lock;
  /** The file of peppers, made by the first process that opened the folder and never changed by another. */
  readonly peppersFile: string;
  /** The folder in which the embedded directory lives. */
  readonly directoryFolder: string;
  /** The path of another file of the folder. */
  readonly file: (name: string) => string;
};

/** Opens the folder and locks it, or names the pid of the process that has it. Throws where it can't be written. */
export function openStateFolder(
  given: string,
):
  | { readonly ok: true; readonly value: StateFolder }
  | { readonly ok: false; readonly heldBy: number } {
  const path = resolve(given);
  const isNew = !existsSync(path);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (isNew) chmodSync(path, 0o700);
  const lock = takeLock(join(path, "lock"));
  if (!lock.ok) return lock;
  const peppersFile = join(path, "peppers.json");
  if (!existsSync(peppersFile)) writePrivate(peppersFile, newPeppers());
  return {
    ok: true,
    value: {
      path,
      lock: lock.value,
      peppersFile,
      directoryFolder: join(path, "directory"),
      file: (name) => join(path, name),
    },
  };
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

function newPeppers(): string {
  const pepper = () => randomBytes(PEPPER_BYTES).toString("hex");
  return `${JSON.stringify({ credential: [pepper()], link: [pepper()] }, null, 2)}\n`;
}
