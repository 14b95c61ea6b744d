/**
 * A position in a subscription's buffer as text:
 * `c1~<stream name>~<tag>~<incarnation>~<position>[~<log>~<seen>]`. It is opaque to callers. Plain
 * characters, for it is copied by hand and by language models. It names the stream, so that a
 * caller who kept nothing but this finds its subscription again; it is a position and not a key: it
 * opens nothing.
 */
import { createHash } from "node:crypto";
import { isStreamName } from "../checks/names.ts";
import type { Position } from "./buffer.ts";
import { type LogPosition, SEEN_STREAMS_MAX } from "./log-position.ts";

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
  /** The position in the conversation's log, where it keeps one; null without. */
  readonly log: LogPosition | null;
};

const VERSION = "c1";
const TAG_CHARACTERS = 8;
/** Longer than any that is given: a stream name of 63 characters, a log's 64 and the rest. */
const CURSOR_CHARACTERS_MAX = 400;
/** The number of the next event, characters of it that were read, and whether it is sure. */
const POSITION = /^([0-9a-z]{1,11})(?:\.([0-9a-z]{1,4}))?(!?)$/;
const WORD = /^[A-Za-z0-9_-]{1,16}$/;
const LOG = /^[0-9A-Za-z_-]{1,64}$/;
/** Of a stream: the end of its id, and a seq. */
const SEEN = /^([0-9A-Za-z_-]{6})(\d{1,16}-\d{1,16})$/;

export function formatCursor({ streamName, tag, incarnation, position, log }: Cursor): string {
  const { next, skip = 0, unsure } = position;
  const at = next.toString(36) + (skip > 0 ? `.${skip.toString(36)}` : "") + (unsure ? "!" : "");
  const seen = [...(log?.seen ?? [])].map(([tag, seq]) => tag + seq).join(".");
  const kept = log === null ? [] : [log.cursor, seen];
  return [VERSION, streamName, tag, incarnation, at, ...kept].join("~");
}

/** Null when no subscription ever gave such a text. */
export function parseCursor(text: string): Cursor | null {
  if (text.length > CURSOR_CHARACTERS_MAX) return null;
  const [version, streamName = "", tag = "", incarnation = "", at = "", ...kept] = text.split("~");
  const log = kept.length === 0 ? null : logOf(kept);
  const [, digits = "", skipped = "0", unsure] = POSITION.exec(at) ?? [];
  const next = Number.parseInt(digits, 36);
  const skip = Number.parseInt(skipped, 36);
  const isWhole =
    version === VERSION &&
    isStreamName(streamName) &&
    WORD.test(tag) &&
    WORD.test(incarnation) &&
    Number.isSafeInteger(next) &&
    log !== undefined;
  if (!isWhole) return null;
  return { streamName, tag, incarnation, position: positionOf(next, skip, unsure === "!"), log };
}

/** Undefined for what is none. */
function logOf([cursor = "", text = "", ...rest]: readonly string[]): LogPosition | undefined {
  const all = text === "" ? [] : text.split(".").map((one) => SEEN.exec(one));
  const isWhole = LOG.test(cursor) && all.length <= SEEN_STREAMS_MAX && rest.length === 0;
  if (!isWhole || all.includes(null)) return undefined;
  return { cursor, seen: new Map(all.map((one) => [one?.[1] ?? "", one?.[2] ?? ""])) };
}

function positionOf(next: number, skip: number, unsure: boolean): Position {
  return skip === 0 ? { next, unsure } : { next, unsure, skip };
}

/** The tag of a subscription, from its key. */
export function tagOf(subscriptionKey: string): string {
  return createHash("sha256").update(subscriptionKey).digest("base64url").slice(0, TAG_CHARACTERS);
}
