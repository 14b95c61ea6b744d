/**
 * A place in a log, and its form on the wire (§7.2): `<conversation><ms><seq><frames>`, 33
 * characters in hexadecimal of fixed width, so that cursors of one conversation sort as text in the
 * order of its log.
 */
import { hash } from "node:crypto";
import type { EntryId } from "./log.ts";

/** So many frames of the entry, and all of the entries before it, lie before the position. */
export type Position = EntryId & { readonly frames: number };

/** Behind all frames of an entry. A batch has fewer: each costs 17 bytes of 64 KiB and more. */
export const ALL_FRAMES = 0xffff;

const TAG_CHARACTERS = 10;
const MS_CHARACTERS = 11;
const SEQ_CHARACTERS = 8;
const FRAMES_CHARACTERS = 4;

/** The largest number of an entry within its millisecond that a cursor can say. */
export const SEQ_MAX = 0xffff_ffff;

const CURSOR = /^[0-9a-f]{33}$/;

/** The position before all entries. */
export const START: Position = { ms: 0, seq: 0, frames: 0 };

export function after({ ms, seq }: EntryId): Position {
  return { ms, seq, frames: ALL_FRAMES };
}

/** What cursors of this conversation begin with: it says nothing about the conversation. */
export function tagOfLog(channel: string): string {
  return hash("sha256", `cursor|${channel}`).slice(0, TAG_CHARACTERS);
}

export function formatCursor(tag: string, { ms, seq, frames }: Position): string {
  const parts = [hex(ms, MS_CHARACTERS), hex(seq, SEQ_CHARACTERS), hex(frames, FRAMES_CHARACTERS)];
  return `${tag}${parts.join("")}`;
}

/** Null for a text that is no cursor, or one of another conversation. */
export function parseCursor(tag: string, cursor: string): Position | null {
  if (!CURSOR.test(cursor) || !cursor.startsWith(tag)) return null;
  const number = (from: number, length: number) =>
    Number.parseInt(cursor.slice(from, from + length), 16);
  const seqAt = TAG_CHARACTERS + MS_CHARACTERS;
  return {
    ms: number(TAG_CHARACTERS, MS_CHARACTERS),
    seq: number(seqAt, SEQ_CHARACTERS),
    frames: number(seqAt + SEQ_CHARACTERS, FRAMES_CHARACTERS),
  };
}

/** Negative when `a` is before `b`, 0 when they are the same entry. */
export function compareIds(a: EntryId, b: EntryId): number {
  return a.ms - b.ms || a.seq - b.seq;
}

export function comparePositions(a: Position, b: Position): number {
  return compareIds(a, b) || a.frames - b.frames;
}

/** Whether something after this position was removed, as far as is known. */
export function isRemoved(position: Position, removedTo: EntryId | null): boolean {
  if (removedTo === null) return false;
  const order = compareIds(position, removedTo);
  return order < 0 || (order === 0 && position.frames < ALL_FRAMES);
}

function hex(value: number, characters: number): string {
  return value.toString(16).padStart(characters, "0");
}
