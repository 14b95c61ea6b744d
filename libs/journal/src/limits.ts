/** What a journal takes, and how an argument is refused. */
import type { Appended, Entry } from "./journal.ts";

/** Bytes of one entry and of one append, and entries of one append: one script runs that long. */
export const ENTRY_BYTES_MAX = 1_048_576;
export const APPEND_BYTES_MAX = 4_194_304;
export const APPEND_ENTRIES_MAX = 256;

/** Bytes of one blob. */
export const BLOB_BYTES_MAX = 1_048_576;

/** Entries and names of one page. */
export const PAGE_ENTRIES_MAX = 1_000;

const NAME = /^[A-Za-z0-9_:-]{1,128}$/;
const KIND = /^[\x21-\x7e]{1,32}$/;
const KEY = /^[\x21-\x7e]{1,128}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const FORMAT = /^[a-z0-9._-]{1,64}$/;

/** Throws for what only a mistake of the program can be. */
export function checkName(journal: string): void {
  if (!NAME.test(journal)) throw new RangeError("not the name of a journal");
}

export function checkDigest(sha256: string): void {
  if (!SHA256.test(sha256)) throw new RangeError("not the digest of a blob");
}

export function checkFormat(format: string): void {
  if (!FORMAT.test(format)) throw new RangeError("not the name of a snapshot's format");
}

/** Null when the append can be tried. */
export function refuseAppend(journal: string, entries: readonly Entry[]): Appended | null {
  checkName(journal);
  if (entries.length === 0) throw new RangeError("an append has entries");
  const keys = entries.flatMap(({ key }) => (key === undefined ? [] : [key]));
  if (!entries.every(({ kind }) => KIND.test(kind))) throw new RangeError("not a kind of entry");
  if (!keys.every((key) => KEY.test(key))) throw new RangeError("not a key of an entry");
  if (new Set(keys).size < keys.length) throw new RangeError("a key twice in one append");
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
  const isTooLarge =
    entries.length > APPEND_ENTRIES_MAX ||
    bytes > APPEND_BYTES_MAX ||
    entries.some((entry) => entry.bytes.length > ENTRY_BYTES_MAX);
  return isTooLarge ? { ok: false, fault: "too_large" } : null;
}

export function checkBlob(journal: string, sha256: string, bytes: Uint8Array): void {
  checkName(journal);
  checkDigest(sha256);
  if (bytes.length > BLOB_BYTES_MAX) throw new RangeError("a blob has at most 1 MiB");
}
