/**
 * The first of the two tables of the LMDB file: the kept batches.
 *
 * | table | key | value | ends |
 * |---|---|---|---|
 * | entries | `<channel> <ms><seq>`, 12 and 10 hexadecimal digits | batch | age, bytes, drop |
 */
import type { File, Table } from "@ams/store";
import type { EntryId } from "../log.ts";

export type EntryTable = Table<Buffer>;

const MS_DIGITS = 12;
const SEQ_DIGITS = 10;

export function openEntries(file: File): EntryTable {
  return file.openDB<Buffer, string>({ name: "entries", encoding: "binary" });
}

export function entryKey(channel: string, { ms, seq }: EntryId): string {
  return `${channel} ${hex(ms, MS_DIGITS)}${hex(seq, SEQ_DIGITS)}`;
}

export function idOfKey(key: string): EntryId {
  const at = key.length - SEQ_DIGITS;
  return {
    ms: Number.parseInt(key.slice(at - MS_DIGITS, at), 16),
    seq: Number.parseInt(key.slice(at), 16),
  };
}

/** All keys of this log from `from` on, or of all of it. */
export function keysOf(channel: string): { readonly start: string; readonly end: string } {
  return { start: `${channel} `, end: `${channel}!` };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
