/**
 * A position in a subscription's buffer as text: `c1~<stream
 * name>~<tag>~<incarnation>~<position>[~<replay>]`. It is opaque to callers. Plain characters, for
 * it is copied by hand and by language models. It names the stream, so that a caller who kept
 * nothing but this finds its subscription again; it is a position and not a key: it opens nothing.
 */
import { createHash } from "node:crypto";
import { isStreamName } from "../checks/names.ts";
import type { Position } from "./buffer.ts";

export type Cursor = {
  readonly streamName: string;
  /**
   * Of the owner, conversation and name: a cursor of another conversation is distinguished from one
   * of a subscription that is gone.
   */
  readonly tag: string;
  /** Of the buffer: it dies with its process, and a new one begins with other numbers. */
  readonly incarnation: string;
  readonly position: Position;
  /** The position in the deployment's log (`<unix_ms>-<n>`), where it keeps one; null without. */
  readonly replay: string | null;
};

const VERSION = "c1";
const TAG_CHARACTERS = 8;
/** Longer than any that is given: a stream name of 63 characters and the rest. */
const CURSOR_CHARACTERS_MAX = 160;
/** The number of the next event, characters of it that were read, and whether it is sure. */
const POSITION = /^([0-9a-z]{1,11})(?:\.([0-9a-z]{1,4}))?(!?)$/;
const WORD = /^[A-Za-z0-9_-]{1,16}$/;
const REPLAY = /^\d{1,16}-\d{1,16}$/;

export function formatCursor({ streamName, tag, incarnation, position, replay }: Cursor): string {
  const { next, skip = 0, unsure } = position;
  const at = next.toString(36) + (skip > 0 ? `.${skip.toString(36)}` : "") + (unsure ? "!" : "");
  return [VERSION, streamName, tag, incarnation, at, ...(replay === null ? [] : [replay])].join(
    "~",
  );
}

/** Null when no subscription ever gave such a text. */
export function parseCursor(text: string): Cursor | null {
  if (text.length > CURSOR_CHARACTERS_MAX) return null;
  const [version, streamName = "", tag = "", incarnation = "", at = "", replay = null, ...rest] =
    text.split("~");
  const [, digits = "", skipped = "0", unsure] = POSITION.exec(at) ?? [];
  const next = Number.parseInt(digits, 36);
  const skip = Number.parseInt(skipped, 36);
  const isWhole =
    version === VERSION &&
    isStreamName(streamName) &&
    WORD.test(tag) &&
    WORD.test(incarnation) &&
    Number.isSafeInteger(next) &&
    (replay === null || REPLAY.test(replay)) &&
    rest.length === 0;
  if (!isWhole) return null;
  return { streamName, tag, incarnation, position: positionOf(next, skip, unsure === "!"), replay };
}

function positionOf(next: number, skip: number, unsure: boolean): Position {
  return skip === 0 ? { next, unsure } : { next, unsure, skip };
}

/** The tag of a subscription, from its key. */
export function tagOf(subscriptionKey: string): string {
  return createHash("sha256").update(subscriptionKey).digest("base64url").slice(0, TAG_CHARACTERS);
}
