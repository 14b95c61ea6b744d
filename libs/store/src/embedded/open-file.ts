/**
 * Opens an LMDB file, or says in one sentence why it can't be. LMDB maps the file into memory, so a
 * file that isn't its own, or was cut off, would end the process with a signal: the header is
 * looked at first.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import { FIRST_FORMAT, LaterFormat } from "../format.ts";
import type { Outcome } from "../outcome.ts";

export type File = RootDatabase<unknown, string>;

/** A named database within a file. */
export type Table<Value> = Database<Value, string>;

export type FileOptions = {
  /** What the file is called, on disk (`<name>.mdb`) and in faults. */
  readonly name: string;
  /** Named databases that it may hold. */
  readonly tablesMax: number;
  /** The version of what is in it; that of stores that never changed unless given. */
  readonly format?: number;
  /** A commit is on disk before it is visible; otherwise shortly after. */
  readonly syncsBeforeCommit?: boolean;
};

/** The key of its format, beside the names of the tables. */
const FORMAT_KEY = "ams-format";

/** The owner alone: the file holds who owns what. */
const FOLDER_MODE = 0o700;

/** `path` is a folder; it is made if it isn't there. */
export function openFile(path: string, options: FileOptions): Outcome<File, string> {
  const { name, tablesMax, syncsBeforeCommit = false, format = FIRST_FORMAT } = options;
  const file = join(path, `${name}.mdb`);
  const fault = checkFolder(path, name) ?? checkHeader(file, name);
  if (fault !== null) return { ok: false, fault };
  try {
    const sync = syncsBeforeCommit ? { overlappingSync: false } : {};
    const value: File = open({
      path: file,
      encoding: "json",
      maxDbs: tablesMax,
      noSubdir: true,
      ...sync,
    });
    const written = Number(value.get(FORMAT_KEY) ?? 0);
    if (written > format) {
      void value.close();
      return { ok: false, fault: new LaterFormat(`The ${name} file ${file}`).message };
    }
    if (written < format) value.putSync(FORMAT_KEY, format);
    return { ok: true, value };
  } catch (error) {
    return { ok: false, fault: `The ${name} file ${file} can't be opened: ${reasonOf(error)}.` };
  }
}

function checkFolder(path: string, name: string): string | null {
  try {
    makeFolder(resolve(path));
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory() ? null : `${path} is not a folder.`;
  } catch (error) {
    return `The folder ${path} for the ${name} can't be written to: ${reasonOf(error)}.`;
  }
}

/**
 * Not `recursive`: that never returns where the system answers ENOENT for a parent that is there,
 * as /proc does.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: FOLDER_MODE });
}

/** Where LMDB's two meta pages keep what is checked here; numbers are 64 bits, little endian. */
const META = { magic: 24, psize: 48, freeRoot: 88, mainRoot: 136, txnid: 152, bytes: 160 } as const;
const MAGIC = 0xbeefc0de;
const EMPTY_ROOT = 0xffff_ffff_ffff_ffffn;

function checkHeader(file: string, name: string): string | null {
  const broken = `The ${name} file ${file} is damaged: restore it from a copy, or move it away to begin anew.`;
  try {
    const handle = openSync(file, "r+");
    try {
      return isWhole(handle, fstatSync(handle).size) ? null : broken;
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    return `The ${name} file ${file} can't be written to: ${reasonOf(error)}.`;
  }
}

/**
 * True when one of the meta pages is LMDB's, and the pages that the newer one begins at are within
 * the file.
 */
function isWhole(handle: number, size: number): boolean {
  if (size === 0) return true;
  const first = readMeta(handle, 0);
  if (first === null) return false;
  const second = readMeta(handle, first.readUInt32LE(META.psize));
  const newer = second !== null && txnOf(second) > txnOf(first) ? second : first;
  const pageBytes = BigInt(newer.readUInt32LE(META.psize));
  return [META.freeRoot, META.mainRoot].every((at) => {
    const root = newer.readBigUInt64LE(at);
    return root === EMPTY_ROOT || (root + 1n) * pageBytes <= BigInt(size);
  });
}

function readMeta(handle: number, at: number): Buffer | null {
  const meta = Buffer.alloc(META.bytes);
  if (readSync(handle, meta, 0, META.bytes, at) < META.bytes) return null;
  return meta.readUInt32LE(META.magic) === MAGIC ? meta : null;
}

function txnOf(meta: Buffer): bigint {
  return meta.readBigUInt64LE(META.txnid);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
