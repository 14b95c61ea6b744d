/**
 * A place in a seat's buffer as text: `c1~<stream name>~<tag>~<incarnation>~<place>[~<replay>]`. It
 * is opaque to callers. Plain characters, for it is copied by hand and by language models. It names
 * the stream, so that a caller who kept nothing but this finds its seat again; it is a place and
 * not a key: it opens nothing.
 */
import { createHash } from "node:crypto";
import { isStreamName } from "../checks/names.ts";
import type { Place } from "./buffer.ts";

export type Cursor = {
  readonly streamName: string;
  /**
   * Of the owner, conversation and name: a cursor of another conversation is told from one of a
   * seat that is gone.
   */
  readonly tag: string;
  /** Of the buffer: it dies with its process, and a new one begins with other numbers. */
  readonly incarnation: string;
  readonly place: Place;
  /** The place in the deployment's log (`<unix_ms>-<n>`), where it keeps one; null without. */
  readonly replay: string | null;
};

const VERSION = "c1";
const TAG_CHARACTERS = 8;
/** Longer than any that is given: a stream name of 63 characters and the rest. */
const CURSOR_CHARACTERS_MAX = 160;
const PLACE = /^([0-9a-z]{1,11})(!?)$/;
const WORD = /^[A-Za-z0-9_-]{1,16}$/;
const REPLAY = /^\d{1,16}-\d{1,16}$/;

export function formatCursor({ streamName, tag, incarnation, place, replay }: Cursor): string {
  const at = place.next.toString(36) + (place.unsure ? "!" : "");
  return [VERSION, streamName, tag, incarnation, at, ...(replay === null ? [] : [replay])].join(
    "~",
  );
}

/** Null when no seat ever gave such a text. */
export function parseCursor(text: string): Cursor | null {
  if (text.length > CURSOR_CHARACTERS_MAX) return null;
  const [version, streamName = "", tag = "", incarnation = "", at = "", replay = null, ...rest] =
    text.split("~");
  const [, digits = "", unsure] = PLACE.exec(at) ?? [];
  const next = Number.parseInt(digits, 36);
  const isWhole =
    version === VERSION &&
    isStreamName(streamName) &&
    WORD.test(tag) &&
    WORD.test(incarnation) &&
    Number.isSafeInteger(next) &&
    (replay === null || REPLAY.test(replay)) &&
    rest.length === 0;
  if (!isWhole) return null;
  return { streamName, tag, incarnation, place: { next, unsure: unsure === "!" }, replay };
}

/** The tag of a seat, from its key. */
export function tagOf(seatKey: string): string {
  return createHash("sha256").update(seatKey).digest("base64url").slice(0, TAG_CHARACTERS);
}
